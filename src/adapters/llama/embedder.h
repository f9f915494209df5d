#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "adapters/llama/generation.h"
#include "adapters/llama/model.h"
#include "adapters/llama/reply_sink.h"
#include "inference/protocol.h"

// Vectors of texts. Texts of all waiting requests share batches, each as a sequence of its own;
// requests take turns, so that a single text does not wait for a long list.
//
// Threads: prepare() on any; the rest on one. Borrows: the model.
namespace moat::adapters::llama {

// One embed request, its texts as tokens.
class EmbedJob {
  public:
    // Texts over `limit` tokens are cut, or refused. Errors: invalid_argument.
    static Result<std::unique_ptr<EmbedJob>> prepare(
        const inference::EmbedCommand& command, const Model& model, int limit, CancelFlag cancelled
    );

    bool is_cancelled() const { return *cancelled_; }
    bool has_next() const { return next_ < texts_.size(); }
    const Tokens& next() const { return texts_[next_]; }
    std::size_t take_next() { return next_++; }
    const Tokens& text(std::size_t index) const { return texts_[index]; }
    // The vector of text `index`. Errors: invalid_argument (not a number in it).
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
    std::size_t next_ = 0;  // first text not yet in a batch
    std::size_t done_ = 0;
    inference::EmbedResult result_;
};

class Embedder {
  public:
    // `context_length`: tokens of one text. Errors: too_large, unsupported (a reranker).
    static Result<std::unique_ptr<Embedder>> make(
        const Model& model, int context_length, ReplySink reply
    );
    ~Embedder();
    Embedder(const Embedder&) = delete;
    Embedder& operator=(const Embedder&) = delete;

    int limit() const { return limit_; }
    void add(std::unique_ptr<EmbedJob> job) { jobs_.push_back(std::move(job)); }
    bool has_work() const { return !jobs_.empty(); }
    // Computes one batch.
    void step();

  private:
    struct Entry {
        EmbedJob* job;
        std::size_t text;
    };

    Embedder(const Model& model, int limit, int pack, ContextPtr context, ReplySink reply);
    void drop_cancelled();
    void fill_batch();
    bool add_from(EmbedJob& job);
    Status compute();
    void take_results();
    std::span<const float> vector_of(std::size_t entry) const;

    const Model& model_;
    const int limit_;  // tokens of one text
    const int pack_;   // tokens of one batch, unless one text alone has more
    const ContextPtr context_;
    const ReplySink reply_;
    llama_batch batch_;
    std::vector<Entry> entries_;  // of the batch; the index is the sequence
    std::deque<std::unique_ptr<EmbedJob>> jobs_;
};

// Tokens of one text a model takes: what it was trained on, or `wanted` if less.
int embedding_limit(const Model& model, int wanted);

}  // namespace moat::adapters::llama
