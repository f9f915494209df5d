#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/llama/chat_template.h"
#include "adapters/llama/drafter.h"
#include "adapters/llama/model.h"
#include "adapters/llama/projector.h"
#include "adapters/llama/reply_sink.h"
#include "adapters/llama/state_store.h"
#include "adapters/llama/text_stream.h"
#include "adapters/llama/token_sampler.h"
#include "inference/protocol.h"

// One generate request inside the runner: its tokens, what of them is computed, and the answer so
// far. The loop (generation_loop.h) decides when it computes; this turns tokens into replies.
//
// Threads: prepare() on any; then the loop's only, but `cancelled` from any.
namespace moat::adapters::llama {

using CancelFlag = std::shared_ptr<std::atomic<bool>>;

class Generation {
  public:
    // What all requests of a runner are prepared with. `chat`, `projector`: may be null.
    struct Parts {
        const Model& model;
        const ChatTemplate* chat = nullptr;
        const Projector* projector = nullptr;
        int context_length = 0;
    };
    // Renders, decodes images, tokenizes, checks the length and compiles the grammar.
    // Errors: invalid_argument, unsupported.
    static Result<std::unique_ptr<Generation>> prepare(
        const inference::GenerateCommand& command, const Parts& parts, CancelFlag cancelled
    );

    bool is_cancelled() const { return *cancelled_; }
    const Reach& reach() const { return reach_; }
    // Whose turn it takes.
    const std::string& owner() const { return owner_; }

    // What is to be in the attention state, in order; the first computed() of it are.
    const Tokens& context() const { return context_; }
    std::size_t computed() const { return computed_; }
    std::size_t uncomputed() const { return context_.size() - computed_; }
    void set_computed(std::size_t count) { computed_ = count; }
    // The image the next token to compute stands for, or null; and how many of its rows are
    // computed.
    struct MediaPlace {
        MediaChunk* chunk = nullptr;
        std::size_t begin = 0;
    };
    MediaPlace next_media();
    bool has_media() const { return !media_.empty(); }
    // Uncomputed tokens up to the next image.
    std::size_t uncomputed_text() const;

    // It has sequence `sequence`, of which `cached` tokens are there already. Again after
    // lose_place().
    void begin(llama_seq_id sequence, int cached);
    // Its sequence was needed for others: it waits for another one.
    void lose_place();
    llama_seq_id sequence() const { return sequence_; }
    bool has_begun() const { return sequence_ >= 0; }

    // The context of the sequence is full. False: the answer ends here. `keep`: tokens at the
    // front that a shift must leave.
    bool may_shift() const { return request_.shift; }
    std::size_t tokens_to_keep() const;
    // After a shift: `context` is what stays, `computed` of it still computed.
    void set_context(Tokens context, std::size_t computed);

    // How many guesses at the next tokens are welcome now: by the request, what is left of answer
    // and context, and how good they were so far.
    std::size_t guesses_wanted(bool by_model, std::size_t context_length);
    // So many were computed beside its newest token; then each that was right, before the token
    // after it is taken.
    void begin_guesses(std::size_t count);
    void accept_guess();

    // Samples from the logits at `index`, and sends what became visible. True: it is done, and
    // its last reply was sent.
    bool take_token(llama_context* context, int index, const ReplySink& reply);
    // Ends it from outside.
    void finish(inference::FinishReason reason, const ReplySink& reply);
    void fail(Error error, const ReplySink& reply) const;

  private:
    using Clock = std::chrono::steady_clock;

    Generation(const inference::GenerateCommand& command, const Model& model, CancelFlag cancelled)
        : id_(command.id),
          owner_(command.owner),
          request_(command.request),
          model_(&model),
          cancelled_(std::move(cancelled)),
          text_(request_.stop) {}

    Status read_prompt(const Parts& parts);
    Status read_text(const std::string& text, bool add_bos, const Parts& parts);
    Status find_public_part(const ChatTemplate* chat);
    void drop_second_bos();
    Status fit_prompt(int context_length);
    void show(const std::string& text, const ReplySink& reply);
    void send(inference::GenerateEvent event, const ReplySink& reply);

    const inference::RequestId id_;
    const std::string owner_;
    inference::GenerateRequest request_;
    const Model* model_;
    CancelFlag cancelled_;

    Tokens context_;
    std::vector<MediaChunk> media_;  // of the prompt, in order
    Reach reach_;
    std::size_t computed_ = 0;
    llama_seq_id sequence_ = -1;
    std::size_t added_front_ = 0;  // tokens the vocabulary puts before any text (BOS)
    int limit_ = 0;                // tokens to generate at most

    std::optional<common_chat_params> chat_;  // of a ChatPrompt
    std::optional<ChatParser> parser_;        // of a ChatPrompt
    std::optional<TokenSampler> sampler_;     // set by prepare()
    TextStream text_;
    GuessLedger guesses_;
    std::size_t right_guesses_ = 0;  // of the newest ones
    std::size_t guessed_ = 0;
    std::vector<inference::TokenLogprob> logprobs_;  // not sent yet
    inference::GenerateResult result_;
    Clock::time_point received_ = Clock::now();
    Clock::time_point begun_{};
    Clock::time_point first_token_{};
};

}  // namespace moat::adapters::llama
