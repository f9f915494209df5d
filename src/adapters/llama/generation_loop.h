#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/llama/generation.h"
#include "adapters/llama/projector.h"
#include "adapters/llama/sequence_cache.h"

// Continuous batching: every step computes one batch with the next token of each request that is
// answering, filled up with pieces of the prompts that are still being read. While others answer,
// the piece of a long prompt is as large as fits a fifth of a second, so that they do not stall;
// where more read than answer, they may stall for longer by that ratio.
//
// Images are no tokens: a step computes at most one piece of one image after its batch, in one of
// its own. Before that the image is encoded, which nothing can interrupt: a step that encodes
// computes no piece, so that the others wait for one image at a time.
//
// Requests wait by owner: the next is the first of the owner who has the fewest running, so that
// nobody is kept out by another's many. A request whose beginning somebody is just computing waits
// for that instead of computing it too.
//
// Memory:  one pool of cells for all, of which each takes what it needs, a request with a whole
//          context included. When it is full, states of ended requests go first (sequence_cache.h);
//          then the request that began last gives up its place and waits for another.
// Threads: one. Borrows: the model, and the projector. A Generation's `cancelled` may be set from
// any thread and ends
//          it at the next step, or within the step if nothing else is in the batch.
namespace moat::adapters::llama {

struct GenerationLimits {
    int context_length = 4096;  // tokens of one request
    int slots = 1;
    int batch = 512;  // tokens computed at once
    int pool = 0;     // cells for all; 0: context_length x slots
};

class GenerationLoop {
  public:
    // Errors: too_large.
    static Result<std::unique_ptr<GenerationLoop>> make(
        const Model& model, const GenerationLimits& wanted, StateStore states, ReplySink reply
    );
    // Guesses come from this model from now on.
    void set_draft(std::unique_ptr<DraftModel> draft) { draft_ = std::move(draft); }
    // Images are read by this one from now on.
    void set_projector(Projector& projector) { projector_ = &projector; }
    // Sequences a draft model must have.
    int sequences() const { return cache_.sequences(); }
    ~GenerationLoop();
    GenerationLoop(const GenerationLoop&) = delete;
    GenerationLoop& operator=(const GenerationLoop&) = delete;

    void add(std::unique_ptr<Generation> generation);
    bool has_work() const { return !waiting_.empty() || !active_.empty(); }
    // Computes one batch. Does nothing when there is no work.
    void step();
    // Something useful while there is no work, in short pieces. False: there is nothing.
    bool idle() { return cache_.save_one(); }

    const GenerationLimits& limits() const { return limits_; }
    std::int64_t cache_bytes() const { return cache_bytes_; }

  private:
    // What one generation has in the batch being computed.
    struct Row {
        Generation* generation = nullptr;
        std::size_t count = 0;  // of its context
        Tokens guesses{};       // after that, when it is answering
        int logits = -1;        // index in the batch of its newest token, if it is there
        bool within = false;    // ends within an image
        std::size_t tokens() const { return count + guesses.size(); }
    };

    GenerationLoop(
        const Model& model,
        GenerationLimits limits,
        ContextPtr context,
        StateStore states,
        ReplySink reply
    );

    void drop_cancelled();
    void admit();
    bool admit_one();
    std::vector<std::size_t> turns();
    bool is_being_computed(const Generation& wanted) const;
    void find_cells();
    void add_guesses();
    Tokens guesses_for(Generation& generation, std::size_t most);
    bool take_tokens(const Row& row);
    void shift_full();
    bool shift(Generation& generation);
    void fill_batch();
    void plan_rows();
    void add_to_batch(Row& row);
    std::size_t prompt_budget(std::size_t answers) const;
    int decode();
    void conclude(int code);
    void plan_media();
    void encode(Generation& generation, MediaChunk& chunk);
    int decode_media();
    void take_results();
    void fail_batch(int code);
    void end(Generation& generation, bool keep_state);
    void remove_ended();
    static bool must_abort(void* self);

    const GenerationLimits limits_;
    const bool can_guess_;  // a guess that was wrong can be taken back
    const ContextPtr context_;
    std::unique_ptr<DraftModel> draft_;
    Projector* projector_ = nullptr;
    const ReplySink reply_;
    SequenceCache cache_;
    llama_batch batch_;
    std::int64_t cache_bytes_ = 0;
    std::vector<Row> rows_;
    std::deque<std::unique_ptr<Generation>> waiting_;
    std::vector<std::unique_ptr<Generation>> active_;
    std::map<std::string, std::uint64_t> last_turn_;  // of owners who wait or run
    std::uint64_t turns_taken_ = 0;
    std::vector<Generation*> ended_;        // of active_, to be removed
    double seconds_per_token_ = 1.0 / 320;  // of prompts, measured; a guess at first
};

}  // namespace moat::adapters::llama
