#pragma once

#include <memory>
#include <span>
#include <vector>

#include "adapters/llama/generation.h"
#include "adapters/llama/model.h"
#include "adapters/llama/reply_sink.h"
#include "inference/protocol.h"

// One embed request inside the runner: its texts as tokens, and the vectors so far.
// Threads: prepare() on any; then the embedder's only, but `cancelled` from any.
namespace moat::adapters::llama {

class EmbedJob {
  public:
    struct Limits {
        int tokens;  // of one text, or of one pair
        bool ranks;  // the model scores pairs; else it has vectors of texts
    };
    // Texts over the limit are cut, or refused. Errors: invalid_argument; unsupported, when the
    // model cannot do what is asked.
    static Result<std::unique_ptr<EmbedJob>> prepare(
        const inference::EmbedCommand& command,
        const Model& model,
        Limits limits,
        CancelFlag cancelled
    );

    bool is_cancelled() const { return *cancelled_; }
    // Texts not yet given to a batch.
    bool has_next() const { return next_ < texts_.size(); }
    const Tokens& next() const { return texts_[next_]; }
    std::size_t take_next() { return next_++; }
    const Tokens& text(std::size_t index) const { return texts_[index]; }

    // The vector of text `index`. Errors: invalid_argument (not a number in it), internal (none).
    Status set_vector(std::size_t index, std::span<const float> values);
    bool is_done() const { return done_ == texts_.size(); }

    void finish(const ReplySink& reply);
    void fail(Error error, const ReplySink& reply) const;

  private:
    EmbedJob(const inference::EmbedCommand& command, CancelFlag cancelled)
        : id_(command.id),
          normalize_(command.request.normalize),
          cancelled_(std::move(cancelled)) {}

    const inference::RequestId id_;
    const bool normalize_;
    CancelFlag cancelled_;
    std::vector<Tokens> texts_;
    std::size_t next_ = 0;
    std::size_t done_ = 0;
    inference::EmbedResult result_;
};

}  // namespace moat::adapters::llama
