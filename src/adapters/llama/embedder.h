#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "adapters/llama/embed_job.h"
#include "adapters/llama/embed_lane.h"
#include "adapters/llama/model.h"
#include "adapters/llama/reply_sink.h"

// Vectors of texts. Texts of all waiting requests share batches; requests take turns, so that a
// single text does not wait for a long list.
//
// With many texts, each core computes batches of its own (narrow lanes): llama.cpp's threads wait
// for each other after every operation, which costs some percent on an idle machine and most of
// the time on a busy one. A single large batch still gets all cores (the wide lane), because then
// someone waits for just that.
//
// Threads: one; it uses others while it computes. Borrows: the model.
namespace moat::adapters::llama {

class Embedder {
  public:
    // `context_length`: tokens of one text. Errors: those of EmbedLane::make.
    static Result<std::unique_ptr<Embedder>> make(
        const Model& model, int context_length, ReplySink reply
    );

    // The model scores pairs, and has no vectors.
    bool ranks() const { return wide_->ranks(); }
    int limit() const { return limit_; }
    void add(std::unique_ptr<EmbedJob> job) { jobs_.push_back(std::move(job)); }
    bool has_work() const { return !jobs_.empty(); }
    // Computes one batch in each lane that has texts.
    void step();

  private:
    struct Entry {
        EmbedJob* job;
        std::size_t text;
    };
    // A lane and whose texts are in it.
    struct Load {
        EmbedLane* lane;
        std::vector<Entry> entries;
        Status computed = Ok{};
    };

    Embedder(const Model& model, int limit, ReplySink reply)
        : model_(model), limit_(limit), reply_(std::move(reply)) {}

    void drop_finished();
    std::vector<Load> fill_lanes();
    void fill(Load& load);
    bool add_from(EmbedJob& job, Load& load);
    void move_to_wide_lane(Load& load);
    static void compute(std::vector<Load>& loads);
    void take_results(const Load& load);

    const Model& model_;
    const int limit_;  // tokens of one text
    const ReplySink reply_;
    std::unique_ptr<EmbedLane> wide_;
    std::vector<std::unique_ptr<EmbedLane>> narrow_;  // none where the wide one is all it takes
    std::deque<std::unique_ptr<EmbedJob>> jobs_;
    std::vector<EmbedJob*> over_;  // of jobs_, answered in this step
};

}  // namespace moat::adapters::llama
