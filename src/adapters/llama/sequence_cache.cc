#include "adapters/llama/sequence_cache.h"

#include <algorithm>

#include "adapters/llama/media_tokens.h"
#include "base/check.h"
#include "base/log.h"

namespace moat::adapters::llama {
namespace {

// Sharing fewer tokens than this saves less than it costs: a sequence with shared cells cannot
// move its state when it is full.
constexpr std::size_t kWorthSharing = 32;
// Copying the state of fewer tokens to and fro costs as much as computing them.
constexpr std::size_t kWorthKeeping = 64;
// Cells beside those of its prompt that a request begins with; more are found as it goes on.
constexpr std::size_t kFirstAnswerCells = 64;

std::size_t index_of(llama_seq_id id) {
    return static_cast<std::size_t>(id);
}

// Where the token after the first `length` stands.
llama_pos position_after(std::span<const llama_token> tokens, std::size_t length) {
    return positions_of(tokens.first(length));
}

}  // namespace

SequenceCache::SequenceCache(
    llama_context* context, const CacheSettings& settings, StateStore store
)
    : context_(context),
      memory_(llama_get_memory(context)),
      settings_(settings),
      sequences_(static_cast<std::size_t>(settings.sequences)),
      ledger_(sequences_.size()),
      store_(std::move(store)) {}

std::size_t SequenceCache::common(
    const Sequence& s, std::span<const llama_token> prompt, const std::string& reader
) const {
    // The last token of a prompt is always computed: its logits are wanted.
    const std::size_t limit = std::min(s.exact, prompt.size() - 1);
    const std::size_t readable = s.reach.for_reader(reader, s.tokens.size());
    const std::size_t most = std::min({limit, readable, common_beginning(s.tokens, prompt)});
    return whole_beginning(prompt, most);
}

SequenceCache::Best SequenceCache::longest(
    std::span<const llama_token> prompt, const std::string& reader
) const {
    Best best;
    for (llama_seq_id id = 0; id < settings_.sequences; ++id) {
        const std::size_t length = common(at(id), prompt, reader);
        // Of equals a free one: it can be used where it is.
        const bool better =
            length > best.length || (length == best.length && best.id >= 0 && at(best.id).taken);
        if (better && length > 0) best = {id, length};
    }
    return best;
}

std::optional<llama_seq_id> SequenceCache::least_recent_free(llama_seq_id but) const {
    std::optional<llama_seq_id> found;
    for (llama_seq_id id = 0; id < settings_.sequences; ++id) {
        if (at(id).taken || id == but) continue;
        // An empty one costs nobody anything.
        const bool better = !found || (at(id).tokens.empty() && !at(*found).tokens.empty()) ||
                            (at(id).tokens.empty() == at(*found).tokens.empty() &&
                             at(id).last_used < at(*found).last_used);
        if (better) found = id;
    }
    return found;
}

std::size_t SequenceCache::cells_for(std::span<const llama_token> prompt) const {
    return std::min(prompt.size() + kFirstAnswerCells, settings_.cells);
}

std::optional<SequenceCache::Taken> SequenceCache::take(
    std::span<const llama_token> prompt, const Reach& reach
) {
    CHECK(!prompt.empty());
    const Best best = longest(prompt, reach.domain);
    if (auto restored = restore(prompt, reach, best.length)) return restored;

    const bool best_is_free = best.id >= 0 && !at(best.id).taken;
    // Continuing the same conversation goes on in its place; another one that merely begins alike
    // leaves the first as it is, if there is room. Where sharing is not worth it, the same prompt
    // again takes the place of its first answer.
    const bool is_same =
        best.id >= 0 && (best.length * 2 >= at(best.id).tokens.size() ||
                         (best.length < kWorthSharing && best.length * 2 >= prompt.size()));
    if (best_is_free && (is_same || !settings_.can_share)) {
        return take_in_place(best, prompt, reach);
    }
    const bool shares = settings_.can_share && best.length >= kWorthSharing;
    const std::size_t cached = shares ? best.length : 0;
    const auto other = least_recent_free(best.id);
    const bool has_room = other && make_room(cells_for(prompt) - cached, shares ? best.id : -1);
    if (!has_room) return best_is_free ? take_in_place(best, prompt, reach) : std::nullopt;
    evict(*other);
    if (shares) share(best.id, *other, cached);
    return hand_out(*other, cached, reach);
}

std::optional<SequenceCache::Taken> SequenceCache::take_in_place(
    const Best& best, std::span<const llama_token> prompt, const Reach& reach
) {
    // What is cut off may be long, and wanted again.
    if (at(best.id).tokens.size() > best.length + kWorthKeeping) keep_state(best.id);
    const std::size_t cached = cut(best.id, best.length);
    if (!make_room(cells_for(prompt) - cached, best.id)) return std::nullopt;
    return hand_out(best.id, cached, reach);
}

// From the store, when that has more than a living sequence has.
std::optional<SequenceCache::Taken> SequenceCache::restore(
    std::span<const llama_token> prompt, const Reach& reach, std::size_t least
) {
    const auto found =
        store_.find(prompt.first(prompt.size() - 1), reach.domain, least + kWorthSharing);
    if (!found || (!settings_.can_share && found->common < found->length)) return std::nullopt;
    const auto place = least_recent_free(-1);
    const std::size_t needed = std::max(found->length, cells_for(prompt));
    if (!place || !could_make_room(needed)) return std::nullopt;
    const std::size_t cached = whole_beginning(prompt, found->common);
    const auto state = store_.read(*found);  // first: making room changes the store
    if (!state || !make_room(needed)) return std::nullopt;
    evict(*place);
    if (llama_state_seq_set_data(context_, state->data(), state->size(), *place) == 0) {
        log::warning("an attention state could not be restored");
        clear(*place);
        return std::nullopt;
    }
    const auto beginning = prompt.first(cached);
    at(*place).tokens.assign(beginning.begin(), beginning.end());
    at(*place).whole = cached;
    ledger_.append(index_of(*place), cached);
    roll_back(*place);  // what the state has beyond the common beginning
    return hand_out(*place, at(*place).tokens.size(), reach);
}

SequenceCache::Taken SequenceCache::hand_out(
    llama_seq_id id, std::size_t cached, const Reach& reach
) {
    Sequence& s = at(id);
    s.taken = true;
    s.saved = false;
    s.reach = reach;
    s.last_used = ++uses_;
    return {id, static_cast<int>(cached)};
}

bool SequenceCache::could_make_room(std::size_t count) const {
    std::size_t cells = free_cells();
    for (llama_seq_id id = 0; id < settings_.sequences; ++id)
        cells += at(id).taken ? 0 : ledger_.alone(index_of(id));
    return cells >= count;
}

bool SequenceCache::make_room(std::size_t count, llama_seq_id but) {
    while (free_cells() < count) {
        std::optional<llama_seq_id> oldest;
        for (llama_seq_id id = 0; id < settings_.sequences; ++id) {
            if (at(id).taken || id == but || at(id).tokens.empty()) continue;
            if (!oldest || at(id).last_used < at(*oldest).last_used) oldest = id;
        }
        if (!oldest) return false;
        evict(*oldest);
    }
    return true;
}

void SequenceCache::evict(llama_seq_id id) {
    keep_state(id);
    clear(id);
}

// Puts what a sequence holds into the store, if somebody may want it again.
void SequenceCache::keep_state(llama_seq_id id) {
    Sequence& s = at(id);
    if (s.exact < s.tokens.size()) cut(id, s.exact);
    if (!store_.is_used() || s.tokens.size() < kWorthKeeping || s.reach.domain.empty()) return;
    if (store_.covers(s.tokens, s.reach)) return;
    StateBytes state = state_of(id);
    if (state.empty()) return;
    if (store_.has_disk() && !s.saved) {
        if (const Status saved = store_.save(s.tokens, s.reach, state); !saved) {
            log::warning("{}", saved.error().message);
        }
    }
    store_.keep(s.tokens, s.reach, std::move(state));
}

StateBytes SequenceCache::state_of(llama_seq_id id) const {
    StateBytes state(llama_state_seq_get_size(context_, id));
    state.resize(llama_state_seq_get_data(context_, state.data(), state.size(), id));
    return state;
}

bool SequenceCache::save_one() {
    if (!store_.has_disk()) return false;
    for (llama_seq_id id = 0; id < settings_.sequences; ++id) {
        Sequence& s = at(id);
        if (s.taken || s.saved || s.tokens.size() < kWorthKeeping || s.reach.domain.empty())
            continue;
        s.saved = true;
        if (s.exact < s.tokens.size() || store_.is_on_disk(s.tokens, s.reach)) continue;
        const Status saved = store_.save(s.tokens, s.reach, state_of(id));
        if (!saved) log::warning("{}", saved.error().message);
        return true;
    }
    return false;
}

void SequenceCache::share(llama_seq_id from, llama_seq_id to, std::size_t length) {
    llama_memory_seq_cp(memory_, from, to, 0, position_after(at(from).tokens, length));
    const auto end = at(from).tokens.begin() + static_cast<std::ptrdiff_t>(length);
    at(to).tokens.assign(at(from).tokens.begin(), end);
    ledger_.share(index_of(from), index_of(to), length);
    at(to).whole = length;
    at(to).shared = length;
    at(from).shared = std::max(at(from).shared, length);
}

// Returns how much is left: all that was asked for, or nothing where a state cannot be cut.
std::size_t SequenceCache::cut(llama_seq_id id, std::size_t length) {
    Sequence& s = at(id);
    if (length == s.tokens.size()) return length;
    if (!remove_from(id, length)) {
        clear(id);
        return 0;
    }
    ledger_.remove(index_of(id), length, s.tokens.size());
    s.tokens.resize(length);
    s.whole = std::min(s.whole, length);
    s.shared = std::min(s.shared, length);
    if (s.exact >= length) s.exact = SIZE_MAX;
    return length;
}

bool SequenceCache::remove_from(llama_seq_id id, std::size_t length) {
    return llama_memory_seq_rm(memory_, id, position_after(at(id).tokens, length), -1);
}

void SequenceCache::clear(llama_seq_id id) {
    llama_memory_seq_rm(memory_, id, -1, -1);
    ledger_.clear(index_of(id));
    Sequence& s = at(id);
    s.tokens.clear();
    s.whole = 0;
    s.reach = {};
    s.saved = false;
    s.shared = 0;
    s.exact = SIZE_MAX;
}

void SequenceCache::release(llama_seq_id sequence, bool keep) {
    Sequence& s = at(sequence);
    s.taken = false;
    if (!keep || s.reach.domain.empty()) return clear(sequence);
    cut(sequence, s.whole);
}

void SequenceCache::append(
    llama_seq_id sequence, std::span<const llama_token> tokens, bool within
) {
    Sequence& s = at(sequence);
    s.tokens.insert(s.tokens.end(), tokens.begin(), tokens.end());
    if (!within) s.whole = s.tokens.size();
    ledger_.append(index_of(sequence), tokens.size());
}

void SequenceCache::roll_back(llama_seq_id sequence) {
    const Sequence& s = at(sequence);
    if (s.whole < s.tokens.size()) {
        cut(sequence, s.whole);
    } else if (!remove_from(sequence, s.whole)) {
        clear(sequence);
    }
}

Tokens SequenceCache::shift(llama_seq_id sequence, std::size_t keep) {
    Sequence& s = at(sequence);
    keep = whole_beginning(s.tokens, std::min(keep, s.tokens.size()));
    const std::size_t end = whole_end(s.tokens, keep + (s.tokens.size() - keep) / 2);
    const auto at_place = [&](std::size_t place) {
        return s.tokens.begin() + static_cast<std::ptrdiff_t>(place);
    };
    Tokens left(s.tokens.begin(), at_place(keep));
    left.insert(left.end(), at_place(end), s.tokens.end());
    const llama_pos from = position_after(s.tokens, keep);
    const llama_pos to = position_after(s.tokens, end);

    // Moving shared cells would move them for the others too.
    const bool can_move =
        s.shared <= keep && llama_memory_can_shift(memory_) && settings_.can_share;
    if (!can_move || !llama_memory_seq_rm(memory_, sequence, from, to)) {
        const Reach reach = s.reach;
        clear(sequence);
        s.reach = reach;
        return left;
    }
    llama_memory_seq_add(memory_, sequence, to, -1, from - to);
    ledger_.remove(index_of(sequence), keep, end);
    s.tokens = left;
    s.whole = left.size();
    s.exact = std::min(s.exact, keep);  // the rest still remembers what was dropped
    return left;
}

void SequenceCache::clear_free() {
    for (llama_seq_id id = 0; id < settings_.sequences; ++id) {
        if (!at(id).taken && !at(id).tokens.empty()) evict(id);
    }
}

void SequenceCache::move_free_to_store() {
    if (store_.is_used()) clear_free();
}

}  // namespace moat::adapters::llama
