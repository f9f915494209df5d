#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <llama.h>

#include "adapters/llama/model.h"

// The attention state of a context: a fixed number of sequences, all in one pool of cells. A
// sequence that is free keeps its state, so that a prompt which begins the same way in the same
// domain starts from there; cells of a common beginning are shared, not copied.
//
// Threads: one at a time. Borrows: the context.
// Invariant: for every sequence, llama.cpp holds exactly tokens() at positions 0, 1, 2 ...
namespace moat::adapters::llama {

class SequenceCache {
  public:
    // `can_share`: false for recurrent models, whose state cannot be cut or shared.
    SequenceCache(llama_context* context, int sequences, bool can_share);

    struct Taken {
        llama_seq_id sequence;
        int cached;  // tokens of the prompt that are there already; always less than all
    };
    // A free sequence holding the longest known beginning of `prompt`; none free: nothing.
    // An empty domain shares nothing.
    std::optional<Taken> take(std::span<const llama_token> prompt, const std::string& domain);
    // Frees it. `keep`: what it holds may serve later prompts.
    void release(llama_seq_id sequence, bool keep);

    // After a decode that went well: these tokens are there now.
    void append(llama_seq_id sequence, std::span<const llama_token> tokens);
    // After one that did not: takes away what it may have left.
    void roll_back(llama_seq_id sequence);
    std::size_t length(llama_seq_id sequence) const { return at(sequence).tokens.size(); }

    // Makes room: keeps the first `keep` tokens and drops the older half of the rest. Returns the
    // tokens that stay; where their state could not be moved, length() is 0 afterwards and they
    // must be computed again.
    Tokens shift(llama_seq_id sequence, std::size_t keep);
    // Forgets what free sequences hold.
    void clear_free();

  private:
    struct Sequence {
        Tokens tokens;
        std::string domain;
        bool taken = false;
        std::size_t exact = SIZE_MAX;  // tokens whose state equals a fresh computation
        std::size_t shared = 0;        // first tokens whose cells another sequence may use too
        std::uint64_t last_used = 0;
    };

    Sequence& at(llama_seq_id id) { return sequences_[static_cast<std::size_t>(id)]; }
    const Sequence& at(llama_seq_id id) const { return sequences_[static_cast<std::size_t>(id)]; }
    static std::size_t common_beginning(const Sequence& s, std::span<const llama_token> prompt);
    std::optional<llama_seq_id> least_recent_free(llama_seq_id but) const;
    void clear(llama_seq_id id);
    std::size_t cut(llama_seq_id id, std::size_t length);
    void share(llama_seq_id from, llama_seq_id to, std::size_t length);
    Taken hand_out(llama_seq_id id, std::size_t cached, const std::string& domain);

    const llama_memory_t memory_;
    const bool can_share_;
    std::vector<Sequence> sequences_;
    std::uint64_t uses_ = 0;
};

}  // namespace moat::adapters::llama
