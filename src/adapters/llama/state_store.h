#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <optional>
#include <span>
#include <string>

#include "adapters/llama/model.h"
#include "adapters/llama/state_file.h"

// Attention states that have no place in the pool any more (sequence_cache.h), so that a prompt
// that begins like an earlier one need not be computed again: in memory, those not used for the
// longest time out first; and on disk where that is allowed, across restarts.
//
// Threads: one at a time. Files are readable by the server's user only, and hold token ids of
// prompts
//          and answers: that is why disk is the administrator's choice.
// Format:  docs/formats/attention-states.md
namespace moat::adapters::llama {

// Who may start from a state: its own domain from all of it, everybody from its first
// `public_tokens`. The state of an empty domain is nobody's.
struct Reach {
    std::string domain;
    std::size_t public_tokens = 0;

    // How many of `length` tokens a request of `reader` may start from.
    std::size_t for_reader(const std::string& reader, std::size_t length) const;
};

// Tokens at the front which both have.
std::size_t common_beginning(std::span<const llama_token> a, std::span<const llama_token> b);

struct StateLimits {
    std::uint64_t memory_bytes = 0;
    std::filesystem::path folder;  // of this server; empty: nothing on disk
    std::uint64_t disk_bytes = 0;
};

class StateStore {
  public:
    // `model` tells states of one model, its adapters and cache settings from all others. Reads
    // the heads of the files that are there; what cannot be read is removed.
    StateStore(StateLimits limits, std::string model);

    // Whether a state of this domain that begins with all of `tokens` is here, or on disk.
    bool covers(std::span<const llama_token> tokens, const Reach& reach) const;
    bool is_on_disk(std::span<const llama_token> tokens, const Reach& reach) const;
    bool has_disk() const { return !limits_.folder.empty() && limits_.disk_bytes > 0; }
    bool is_used() const { return limits_.memory_bytes > 0 || has_disk(); }

    // Keeps it in memory, instead of those it continues. What is larger than the memory allowed
    // is not kept.
    void keep(const Tokens& tokens, const Reach& reach, StateBytes state);
    // Keeps it on disk. Errors: io.
    Status save(const Tokens& tokens, const Reach& reach, const StateBytes& state);

    struct Found {
        std::size_t common = 0;  // tokens of the prompt it has
        std::size_t length = 0;  // tokens it has in all, which its state brings back
        const void* entry = nullptr;
    };
    // The one that has most of the beginning of `prompt`, if any has more than `least` of it.
    // Valid until the next call that is not const.
    std::optional<Found> find(
        std::span<const llama_token> prompt, const std::string& reader, std::size_t least
    ) const;
    // Nothing when its file is gone or damaged; it is forgotten then. Counts as a use.
    std::optional<StateBytes> read(const Found& found);

    std::uint64_t memory_bytes() const { return memory_bytes_; }

  private:
    struct Entry {
        Tokens tokens;
        Reach reach;
        StateBytes state;            // empty: on disk only
        std::filesystem::path file;  // empty: in memory only
        std::uint64_t file_bytes = 0;
    };
    using Place = std::list<Entry>::iterator;

    void read_folder();
    void forget_beginnings_of(const Tokens& tokens, const Reach& reach, bool on_disk);
    void forget_state(Place place);
    void forget_file(Place place);
    void shrink_memory();
    void shrink_disk();
    void remove_empty(Place place);

    const StateLimits limits_;
    const std::string model_;
    mutable std::list<Entry> entries_;  // the one used last comes first
    std::uint64_t memory_bytes_ = 0;
    std::uint64_t disk_bytes_ = 0;
};

}  // namespace moat::adapters::llama
