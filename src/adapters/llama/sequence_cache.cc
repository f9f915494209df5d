#include "adapters/llama/sequence_cache.h"

#include <algorithm>

#include "base/check.h"

namespace moat::adapters::llama {
namespace {

// Sharing fewer tokens than this saves less than it costs: a sequence with shared cells cannot
// move its state when it is full.
constexpr std::size_t kWorthSharing = 32;

}  // namespace

SequenceCache::SequenceCache(llama_context* context, int sequences, bool can_share)
    : memory_(llama_get_memory(context)),
      can_share_(can_share),
      sequences_(static_cast<std::size_t>(sequences)) {}

std::size_t SequenceCache::common_beginning(
    const Sequence& s, std::span<const llama_token> prompt
) {
    // The last token of a prompt is always computed: its logits are wanted.
    const std::size_t limit = std::min({s.tokens.size(), s.exact, prompt.size() - 1});
    const auto end = s.tokens.begin() + static_cast<std::ptrdiff_t>(limit);
    const auto differs = std::mismatch(s.tokens.begin(), end, prompt.begin()).first;
    return static_cast<std::size_t>(differs - s.tokens.begin());
}

std::optional<llama_seq_id> SequenceCache::least_recent_free(llama_seq_id but) const {
    std::optional<llama_seq_id> found;
    for (llama_seq_id id = 0; id < static_cast<llama_seq_id>(sequences_.size()); ++id) {
        if (at(id).taken || id == but) continue;
        // An empty one costs nobody anything.
        const bool better = !found || (at(id).tokens.empty() && !at(*found).tokens.empty()) ||
                            (at(id).tokens.empty() == at(*found).tokens.empty() &&
                             at(id).last_used < at(*found).last_used);
        if (better) found = id;
    }
    return found;
}

std::optional<SequenceCache::Taken> SequenceCache::take(
    std::span<const llama_token> prompt, const std::string& domain
) {
    CHECK(!prompt.empty());
    llama_seq_id best = -1;
    std::size_t length = 0;
    for (llama_seq_id id = 0; id < static_cast<llama_seq_id>(sequences_.size()); ++id) {
        if (domain.empty() || at(id).domain != domain) continue;
        const std::size_t common = common_beginning(at(id), prompt);
        // Of equals a free one: it can be used where it is.
        if (common > length || (common == length && best >= 0 && at(best).taken)) {
            length = common;
            best = id;
        }
    }
    const auto other = least_recent_free(best);
    const bool best_is_free = best >= 0 && length > 0 && !at(best).taken;
    // Continuing the same conversation goes on in its place; another one that merely begins alike
    // leaves the first as it is, if there is room. Where sharing is not worth it, the same prompt
    // again takes the place of its first answer.
    const bool same = length * 2 >= (best >= 0 ? at(best).tokens.size() : 0) ||
                      (length < kWorthSharing && length * 2 >= prompt.size());
    if (best_is_free && (same || !other || !can_share_)) {
        return hand_out(best, cut(best, length), domain);
    }
    if (!other) return std::nullopt;
    clear(*other);
    if (can_share_ && length >= kWorthSharing) {
        share(best, *other, length);
        return hand_out(*other, length, domain);
    }
    return hand_out(*other, 0, domain);
}

SequenceCache::Taken SequenceCache::hand_out(
    llama_seq_id id, std::size_t cached, const std::string& domain
) {
    at(id).taken = true;
    at(id).domain = domain;
    at(id).last_used = ++uses_;
    return {id, static_cast<int>(cached)};
}

void SequenceCache::share(llama_seq_id from, llama_seq_id to, std::size_t length) {
    llama_memory_seq_cp(memory_, from, to, 0, static_cast<llama_pos>(length));
    const auto end = at(from).tokens.begin() + static_cast<std::ptrdiff_t>(length);
    at(to).tokens.assign(at(from).tokens.begin(), end);
    at(to).shared = length;
    at(from).shared = std::max(at(from).shared, length);
}

// Returns how much is left: all that was asked for, or nothing where a state cannot be cut.
std::size_t SequenceCache::cut(llama_seq_id id, std::size_t length) {
    Sequence& s = at(id);
    if (length == s.tokens.size()) return length;
    if (!llama_memory_seq_rm(memory_, id, static_cast<llama_pos>(length), -1)) {
        clear(id);
        return 0;
    }
    s.tokens.resize(length);
    s.shared = std::min(s.shared, length);
    if (s.exact >= length) s.exact = SIZE_MAX;
    return length;
}

void SequenceCache::clear(llama_seq_id id) {
    llama_memory_seq_rm(memory_, id, -1, -1);
    at(id).tokens.clear();
    at(id).domain.clear();
    at(id).shared = 0;
    at(id).exact = SIZE_MAX;
}

void SequenceCache::release(llama_seq_id sequence, bool keep) {
    at(sequence).taken = false;
    if (!keep || at(sequence).domain.empty()) clear(sequence);
}

void SequenceCache::append(llama_seq_id sequence, std::span<const llama_token> tokens) {
    at(sequence).tokens.insert(at(sequence).tokens.end(), tokens.begin(), tokens.end());
}

void SequenceCache::roll_back(llama_seq_id sequence) {
    const auto length = static_cast<llama_pos>(at(sequence).tokens.size());
    if (!llama_memory_seq_rm(memory_, sequence, length, -1)) clear(sequence);
}

Tokens SequenceCache::shift(llama_seq_id sequence, std::size_t keep) {
    Sequence& s = at(sequence);
    keep = std::min(keep, s.tokens.size());
    const std::size_t dropped = (s.tokens.size() - keep) / 2;
    const auto from = static_cast<llama_pos>(keep);
    const auto to = static_cast<llama_pos>(keep + dropped);
    Tokens left(s.tokens.begin(), s.tokens.begin() + from);
    left.insert(left.end(), s.tokens.begin() + to, s.tokens.end());

    // Moving shared cells would move them for the others too.
    const bool can_move = s.shared <= keep && llama_memory_can_shift(memory_) && can_share_;
    if (!can_move || !llama_memory_seq_rm(memory_, sequence, from, to)) {
        const std::string domain = s.domain;
        clear(sequence);
        s.domain = domain;
        return left;
    }
    llama_memory_seq_add(memory_, sequence, to, -1, from - to);
    s.tokens = left;
    s.exact = std::min(s.exact, keep);  // the rest still remembers what was dropped
    return left;
}

void SequenceCache::clear_free() {
    for (llama_seq_id id = 0; id < static_cast<llama_seq_id>(sequences_.size()); ++id) {
        if (!at(id).taken) clear(id);
    }
}

}  // namespace moat::adapters::llama
