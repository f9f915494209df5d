// llama.cpp used directly, at its best: what our own numbers stand beside. Prints one JSON object.
//
//   moat_llama_reference decode  GGUF TOKENS          one stream, as llama-bench -n
//   moat_llama_reference prefill GGUF TOKENS          one prompt, as llama-bench -p
//   moat_llama_reference embed   GGUF TEXTS TOKENS    the best of several batch sizes, each text a
//                                                     sequence of TOKENS random tokens
// Threads: MOAT_THREADS, or all processors.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <ggml-cpu.h>
#include <llama.h>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& text) {
    std::fprintf(stderr, "error: %s\n", text.c_str());
    std::exit(1);  // NOLINT(concurrency-mt-unsafe): the only thread
}

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

int thread_count() {
    const char* wanted = std::getenv("MOAT_THREADS");  // NOLINT(concurrency-mt-unsafe)
    return wanted != nullptr ? std::max(1, std::atoi(wanted))
                             : static_cast<int>(std::thread::hardware_concurrency());
}

class Reference {
  public:
    explicit Reference(const char* gguf) : threads_(thread_count()) {
        llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
        model_.reset(llama_model_load_from_file(gguf, llama_model_default_params()));
        if (model_ == nullptr) fail(std::string("cannot load ") + gguf);
        ggml_threadpool_params parameters = ggml_threadpool_params_default(threads_);
        pool_.reset(ggml_threadpool_new(&parameters));
    }

    int threads() const { return threads_; }

    double decode(int tokens) {
        make_context(512, 512, 1, false);
        run_one();  // warm
        llama_memory_clear(llama_get_memory(context_.get()), true);
        const auto begin = Clock::now();
        for (int i = 0; i < tokens; ++i)
            run_one();
        return tokens / seconds_since(begin);
    }

    double prefill(int tokens) {
        make_context(std::max(tokens, 512), 512, 1, false);
        run_prompt(tokens);
        llama_memory_clear(llama_get_memory(context_.get()), true);
        const auto begin = Clock::now();
        run_prompt(tokens);
        return tokens / seconds_since(begin);
    }

    // Texts per second with batches of `batch` tokens.
    double embed(int texts, int tokens, int batch) {
        const int per_batch = batch / tokens;
        make_context(batch, batch, per_batch, true);
        run_texts(per_batch, tokens);
        const auto begin = Clock::now();
        for (int done = 0; done < texts; done += per_batch) {
            run_texts(std::min(per_batch, texts - done), tokens);
        }
        return texts / seconds_since(begin);
    }

  private:
    struct ModelDeleter {
        void operator()(llama_model* model) const { llama_model_free(model); }
    };
    struct ContextDeleter {
        void operator()(llama_context* context) const { llama_free(context); }
    };
    struct PoolDeleter {
        void operator()(ggml_threadpool* pool) const { ggml_threadpool_free(pool); }
    };

    void make_context(int context, int batch, int sequences, bool embeddings) {
        llama_context_params parameters = llama_context_default_params();
        parameters.n_ctx = static_cast<std::uint32_t>(context);
        parameters.n_batch = static_cast<std::uint32_t>(batch);
        parameters.n_ubatch = static_cast<std::uint32_t>(batch);
        parameters.n_seq_max = static_cast<std::uint32_t>(sequences);
        parameters.n_threads = threads_;
        parameters.n_threads_batch = threads_;
        parameters.embeddings = embeddings;
        parameters.kv_unified = true;
        context_.reset(llama_init_from_model(model_.get(), parameters));
        if (context_ == nullptr) fail("no memory for a context");
        llama_attach_threadpool(context_.get(), pool_.get(), pool_.get());
    }

    llama_token random_token() {
        const int count = llama_vocab_n_tokens(llama_model_get_vocab(model_.get()));
        random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<llama_token>((random_ >> 33) % static_cast<unsigned>(count));
    }

    void check(int code) {
        if (code != 0) fail("llama.cpp could not compute a batch");
        llama_synchronize(context_.get());
    }

    void run_one() {
        llama_token token = random_token();
        check(llama_decode(context_.get(), llama_batch_get_one(&token, 1)));
    }

    void run_prompt(int tokens) {
        for (int done = 0; done < tokens; done += 512) {
            std::vector<llama_token> piece(static_cast<std::size_t>(std::min(512, tokens - done)));
            for (auto& token : piece)
                token = random_token();
            check(llama_decode(
                context_.get(), llama_batch_get_one(piece.data(), static_cast<int>(piece.size()))
            ));
        }
    }

    void run_texts(int texts, int tokens) {
        llama_batch batch = llama_batch_init(texts * tokens, 0, 1);
        for (int text = 0; text < texts; ++text) {
            for (int i = 0; i < tokens; ++i) {
                const int at = batch.n_tokens++;
                batch.token[at] = random_token();
                batch.pos[at] = i;
                batch.n_seq_id[at] = 1;
                batch.seq_id[at][0] = text;
                batch.logits[at] = 1;
            }
        }
        if (llama_get_memory(context_.get()) == nullptr) {
            check(llama_encode(context_.get(), batch));
        } else {
            llama_memory_clear(llama_get_memory(context_.get()), false);
            check(llama_decode(context_.get(), batch));
        }
        if (llama_get_embeddings_seq(context_.get(), 0) == nullptr) fail("no vectors");
        llama_batch_free(batch);
    }

    const int threads_;
    std::unique_ptr<llama_model, ModelDeleter> model_;
    std::unique_ptr<ggml_threadpool, PoolDeleter> pool_;
    std::unique_ptr<llama_context, ContextDeleter> context_;
    std::uint64_t random_ = 1;
};

// A part of the texts chooses the batch; all of them measure it.
void print_embed(Reference& reference, int texts, int tokens) {
    double best = 0;
    int best_batch = 0;
    const int sample = std::max(16, texts / 6);
    std::string all;
    for (const int times : {1, 2, 4, 8, 16}) {
        const double rate = reference.embed(sample, tokens, tokens * times);
        if (!all.empty()) all += ",";
        all += "{\"batch_tokens\":" + std::to_string(tokens * times) +
               ",\"texts_per_second\":" + std::to_string(rate) + "}";
        if (rate > best) {
            best = rate;
            best_batch = tokens * times;
        }
    }
    best = reference.embed(texts, tokens, best_batch);
    std::printf(
        "{\"texts_per_second\":%.3f,\"tokens_per_second\":%.1f,\"batch_tokens\":%d,"
        "\"threads\":%d,\"tried\":[%s]}\n",
        best,
        best * tokens,
        best_batch,
        reference.threads(),
        all.c_str()
    );
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    const int wanted = what == "embed" ? 5 : 4;
    if (argc != wanted || (what != "decode" && what != "prefill" && what != "embed")) {
        fail("usage: moat_llama_reference decode|prefill GGUF TOKENS | embed GGUF TEXTS TOKENS");
    }
    llama_backend_init();
    Reference reference(argv[2]);
    const int first = std::max(1, std::atoi(argv[3]));
    if (what == "embed") {
        print_embed(reference, first, std::max(1, std::atoi(argv[4])));
        return 0;
    }
    const double rate = what == "decode" ? reference.decode(first) : reference.prefill(first);
    std::printf("{\"tokens_per_second\":%.3f,\"threads\":%d}\n", rate, reference.threads());
    return 0;
}
