#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ggml-cpu.h>
#include <llama.h>

#include "adapters/llama/log_capture.h"
#include "adapters/llama/token_texts.h"
#include "base/result.h"
#include "inference/engine.h"
#include "inference/placement.h"

// A GGUF loaded by llama.cpp, its vocabulary and the threads that compute with it.
namespace moat::adapters::llama {

struct ModelDeleter {
    void operator()(llama_model* model) const { llama_model_free(model); }
};
struct ContextDeleter {
    void operator()(llama_context* context) const { llama_free(context); }
};
struct ThreadpoolDeleter {
    void operator()(ggml_threadpool* pool) const { ggml_threadpool_free(pool); }
};
using ContextPtr = std::unique_ptr<llama_context, ContextDeleter>;
using ThreadpoolPtr = std::unique_ptr<ggml_threadpool, ThreadpoolDeleter>;

using Tokens = std::vector<llama_token>;

// Where a model is to be put.
struct Cards {
    std::vector<std::string> names;  // empty: what llama.cpp finds
    int layers = -1;                 // of the model on them; -1: all
};

// Threads: the const methods, any (llama.cpp's vocabulary is read-only); contexts made from it are
//          one thread's.
// Owns:    model, LoRA adapters and thread pool; contexts must go first.
class Model {
  public:
    // `progress` is called with 0..1 on the calling thread.
    // Errors: not_found, corrupt (llama.cpp's own words), unsupported (a card that is not there).
    static Result<Model> load(
        const inference::ModelSource& source,
        const Cards& cards,
        const LogCapture& log,
        const std::function<void(double)>& progress
    );

    llama_model* get() const { return model_.get(); }
    const llama_vocab* vocabulary() const { return vocabulary_; }
    int threads() const { return threads_; }
    int trained_context() const { return llama_model_n_ctx_train(get()); }
    std::int64_t weight_bytes() const { return static_cast<std::int64_t>(llama_model_size(get())); }
    bool is_recurrent() const {
        return llama_model_is_recurrent(get()) || llama_model_is_hybrid(get());
    }

    // True when some of it was put on a GPU.
    bool uses_gpu() const { return uses_gpu_; }

    // Of the attention state.
    std::int64_t cache_bytes_of_32_values() const;
    // What tells states in other numbers apart: empty for f16, else " q8_0".
    std::string cache_type_mark() const;

    // A context with the model's adapters and its way to keep attention states, on one thread or on
    // all of the model's pool. Errors: too_large (no memory for it).
    Result<ContextPtr> make_context(llama_context_params parameters, int threads) const;

    // `special`: begin and end tokens as the model wants them; `parse`: special tokens in the text.
    Tokens tokenize(std::string_view text, bool special, bool parse) const;
    // The bytes of one token; may be part of a character. `special`: also of control tokens.
    std::string piece(llama_token token, bool special) const;
    std::string detokenize(std::span<const llama_token> tokens) const;
    // Of all tokens; made at the first call. Threads: any.
    const TokenTexts& texts() const;
    bool has_token(llama_token token) const {
        return token >= 0 && token < llama_vocab_n_tokens(vocabulary_);
    }

  private:
    Model() = default;
    Status load_adapters(const inference::ModelSource& source, const LogCapture& log);

    std::unique_ptr<llama_model, ModelDeleter> model_;
    const llama_vocab* vocabulary_ = nullptr;
    std::vector<llama_adapter_lora*> adapters_;  // freed with the model
    ThreadpoolPtr threadpool_;
    inference::LoadOptions load_;
    int threads_ = 1;
    bool uses_gpu_ = false;
    struct LazyTexts {
        std::once_flag once;
        std::optional<TokenTexts> made;
    };
    std::unique_ptr<LazyTexts> texts_ = std::make_unique<LazyTexts>();
};

// The graphics cards, with their free memory now.
std::vector<inference::Gpu> gpus_now();
std::int64_t free_gpu_bytes();  // of all

}  // namespace moat::adapters::llama
