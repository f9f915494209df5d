#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "adapters/llama/generation.h"
#include "adapters/llama/sequence_cache.h"

// Continuous batching: every step computes one batch with the next token of each request that is
// answering, filled up with pieces of the prompts that are still being read. While others answer,
// the piece of a long prompt is as large as fits a fifth of a second, so that they do not stall.
//
// Threads: one. Borrows: the model. A Generation's `cancelled` may be set from any thread and ends
//          it at the next step, or within the step if nothing else is in the batch.
// Memory:  one unified pool of context_length x slots cells, so that each slot always has room.
namespace moat::adapters::llama {

struct GenerationLimits {
    int context_length = 4096;  // tokens of one request
    int slots = 1;
    int batch = 512;  // tokens computed at once
};

class GenerationLoop {
  public:
    // Errors: too_large.
    static Result<std::unique_ptr<GenerationLoop>> make(
        const Model& model, const GenerationLimits& wanted, ReplySink reply
    );
    ~GenerationLoop();
    GenerationLoop(const GenerationLoop&) = delete;
    GenerationLoop& operator=(const GenerationLoop&) = delete;

    void add(std::unique_ptr<Generation> generation);
    bool has_work() const { return !waiting_.empty() || !active_.empty(); }
    // Computes one batch. Does nothing when there is no work.
    void step();

    const GenerationLimits& limits() const { return limits_; }
    std::int64_t cache_bytes() const { return cache_bytes_; }

  private:
    // What one generation has in the batch being computed.
    struct Row {
        Generation* generation = nullptr;
        std::size_t count = 0;
        int logits = -1;  // index in the batch of its last token, if that is its newest
    };

    GenerationLoop(const Model& model, GenerationLimits limits, ContextPtr context, ReplySink r);

    void drop_cancelled();
    void admit();
    void shift_full();
    bool shift(Generation& generation);
    void fill_batch();
    void add_row(Generation& generation, std::size_t count);
    std::size_t prompt_budget(bool others_answer) const;
    int decode();
    void take_results();
    void fail_batch(int code);
    void end(Generation& generation, bool keep_state);
    void remove_ended();
    static bool must_abort(void* self);

    const GenerationLimits limits_;
    const ContextPtr context_;
    const ReplySink reply_;
    SequenceCache cache_;
    llama_batch batch_;
    std::int64_t cache_bytes_ = 0;
    std::vector<Row> rows_;
    std::deque<std::unique_ptr<Generation>> waiting_;
    std::vector<std::unique_ptr<Generation>> active_;
    std::vector<Generation*> ended_;        // of active_, to be removed
    double seconds_per_token_ = 1.0 / 320;  // of prompts, measured; a guess at first
};

}  // namespace moat::adapters::llama
