#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <llama.h>

#include "adapters/llama/cell_ledger.h"
#include "adapters/llama/model.h"
#include "adapters/llama/state_store.h"

// The attention state of a context: a fixed number of sequences, all in one pool of cells of which
// each takes what it needs. A sequence that is free keeps its state, so that a prompt which begins
// the same way, and may know it (Reach), starts from there; cells of a common beginning are
// shared, not copied. What must give way to others goes to the StateStore.
//
// Images count as the tokens that stand for them (media_tokens.h). A state never ends within one,
// but for that of a sequence which is computing it.
//
// Threads: one at a time. Borrows: the context.
// Invariant: for every sequence, llama.cpp holds exactly tokens() at the positions 0, 1, 2 ... that
//            positions_of() counts.
namespace moat::adapters::llama {

struct CacheSettings {
    int sequences = 1;
    std::size_t cells = 0;
    bool can_share = true;  // false for recurrent models, whose state cannot be cut or shared
};

class SequenceCache {
  public:
    SequenceCache(llama_context* context, const CacheSettings& settings, StateStore store);

    struct Taken {
        llama_seq_id sequence;
        int cached;  // tokens of the prompt that are there already; always less than all
    };
    // A free sequence holding the longest known beginning of `prompt`, with room for the rest of
    // it; nothing when none is free or there is no room now.
    std::optional<Taken> take(std::span<const llama_token> prompt, const Reach& reach);
    // Frees it. `keep`: what it holds may serve later prompts.
    void release(llama_seq_id sequence, bool keep);

    // Makes `count` cells free, at the expense of sequences that are, except `but`. False: there
    // are not so many.
    bool make_room(std::size_t count, llama_seq_id but = -1);

    // After a decode that went well: these tokens are there now. `within`: rows of an image, which
    // has more.
    void append(llama_seq_id sequence, std::span<const llama_token> tokens, bool within = false);
    // After one that did not: takes away what it may have left, and of an image all of it.
    void roll_back(llama_seq_id sequence);
    int sequences() const { return settings_.sequences; }
    std::size_t length(llama_seq_id sequence) const { return at(sequence).tokens.size(); }

    // Makes room: keeps the first `keep` tokens and drops the older half of the rest, or a little
    // more, so that images stay whole. Returns the tokens that stay; where their state could not be
    // moved, length() is 0 afterwards and they must be computed again.
    Tokens shift(llama_seq_id sequence, std::size_t keep);
    // Forgets what free sequences hold, after putting it into the store.
    void clear_free();
    // The same if the store can take it. Every token looks at all cells of the pool, if only to
    // find that they are another's; bringing a state back costs a copy.
    void move_free_to_store();
    // Writes one state that is not on disk yet. False: there was none, or disk is not allowed.
    bool save_one();

  private:
    struct Sequence {
        Tokens tokens;
        Reach reach;
        bool taken = false;
        bool saved = false;            // on disk, or not worth it
        std::size_t whole = 0;         // tokens without those of an image that is half computed
        std::size_t exact = SIZE_MAX;  // tokens whose state equals a fresh computation
        std::size_t shared = 0;        // first tokens whose cells another sequence may use too
        std::uint64_t last_used = 0;
    };
    struct Best {
        llama_seq_id id = -1;
        std::size_t length = 0;
    };

    Sequence& at(llama_seq_id id) { return sequences_[static_cast<std::size_t>(id)]; }
    const Sequence& at(llama_seq_id id) const { return sequences_[static_cast<std::size_t>(id)]; }
    std::size_t common(
        const Sequence& s, std::span<const llama_token> prompt, const std::string& reader
    ) const;
    Best longest(std::span<const llama_token> prompt, const std::string& reader) const;
    std::optional<llama_seq_id> least_recent_free(llama_seq_id but) const;
    // For a prompt and the beginning of its answer.
    std::size_t cells_for(std::span<const llama_token> prompt) const;
    bool could_make_room(std::size_t count) const;
    std::size_t free_cells() const {
        return settings_.cells - std::min(settings_.cells, ledger_.used());
    }
    void evict(llama_seq_id id);
    void keep_state(llama_seq_id id);
    StateBytes state_of(llama_seq_id id) const;
    void clear(llama_seq_id id);
    std::size_t cut(llama_seq_id id, std::size_t length);
    bool remove_from(llama_seq_id id, std::size_t length);
    void share(llama_seq_id from, llama_seq_id to, std::size_t length);
    std::optional<Taken> take_in_place(
        const Best& best, std::span<const llama_token> prompt, const Reach& reach
    );
    std::optional<Taken> restore(
        std::span<const llama_token> prompt, const Reach& reach, std::size_t least
    );
    Taken hand_out(llama_seq_id id, std::size_t cached, const Reach& reach);

    llama_context* const context_;
    const llama_memory_t memory_;
    const CacheSettings settings_;
    std::vector<Sequence> sequences_;
    CellLedger ledger_;
    StateStore store_;
    std::uint64_t uses_ = 0;
};

}  // namespace moat::adapters::llama
