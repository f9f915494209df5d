// How the index segments of single writes grow together: StoredCollection::maintain().
#include <algorithm>
#include <bit>

#include "base/log.h"
#include "base/test_point.h"
#include "collections/column.h"
#include "collections/searcher.h"
#include "collections/stored_collection.h"
#include "index/posting_list.h"

namespace moat::collections {
namespace {

constexpr std::size_t kMergeCount = 8;
constexpr std::size_t kExpiredAtOnce = 1000;
constexpr std::size_t kBuildThreads = 2;
constexpr std::size_t kChangeBytes = std::size_t{4} << 20;

int tier_of(const Segment& segment) {
    return static_cast<int>(std::bit_width(static_cast<unsigned>(segment.end - segment.begin))) / 3;
}

// Where the newest segments end in a run of kMergeCount or more, none of a higher tier than `tier`.
std::size_t run_start(const CollectionState& state, int tier) {
    std::size_t start = state.tail.size();
    while (start > 0 && tier_of(*state.tail[start - 1]) <= tier)
        --start;
    return start;
}

}  // namespace

Result<bool> StoredCollection::maintain() {
    TRY_ASSIGN(const bool merged, maintain_segments());
    TRY_ASSIGN(const bool changed, maintain_schema());
    TRY_ASSIGN(const bool removed, remove_expired());
    const bool worked = merged || changed || removed;
    if (dropped_) return worked;
    TRY_ASSIGN(const bool all_in, maintain_vectors());
    return worked || !all_in;
}

Result<bool> StoredCollection::verify_graph(const CollectionState& state, VectorSlot slot) {
    const VectorField& field = *state.vector_field(slot);
    auto verified = field.storage->verify_some();
    if (verified || verified.error().code != ErrorCode::corrupt) return verified;
    log::warning(
        "the vector graph of collection '{}' is built anew: {}",
        state.schema->schema.name,
        verified.error().message
    );
    TRY(field.index->start_over(*field.rows, kBuildThreads));
    return false;
}

Result<bool> StoredCollection::remove_expired() {
    const auto state = current();
    if (!state->schema->schema.ttl || dropped_) return false;
    TRY_ASSIGN(const index::RowSet alive, allowed_rows(*state, context(), {}));
    index::RowSet expired = *state->live;
    expired.subtract(alive);
    PreparedBatch batch;
    batch.schema = state->schema;
    const ObjectReader objects(*state);
    Status status = Ok{};
    expired.for_each([&](Row row) {
        if (!status || batch.removes.size() == kExpiredAtOnce) return;
        const auto id = objects.id(row);
        if (id) {
            batch.removes.push_back(*id);
        } else {
            status = id.error();
        }
    });
    TRY(std::move(status));
    if (batch.removes.empty()) return false;
    std::ranges::sort(batch.removes);
    // An object that is written again meanwhile stays: its row is another then.
    batch.only_rows = std::move(expired);
    TRY(write_prepared(std::move(batch)));
    return true;
}

Result<bool> StoredCollection::maintain_vectors() {
    const auto state = current();
    bool all_in = true;
    for (const auto& [slot, field] : state->vectors) {
        TRY_ASSIGN(const bool verified, verify_graph(*state, slot));
        TRY_ASSIGN(const bool in, field.index->build(*field.rows, kBuildThreads));
        all_in = all_in && in && verified;
        if (field.storage->checkpoint_is_due(*field.index)) {
            TRY(field.storage->checkpoint(*field.index));
        }
    }
    return all_in;
}

Result<bool> StoredCollection::maintain_segments() {
    const auto state = current();
    std::size_t removals = 0;
    for (const auto& segment : state->tail)
        removals += segment->removal_count();
    const Row rows = state->tail.empty() ? 0 : state->next_row - state->tail.front()->begin;
    if (rows >= environment_.upkeep.seal_rows || removals >= environment_.upkeep.seal_removals) {
        TRY(seal());
        return true;
    }
    for (int tier = 0; tier <= 5; ++tier) {
        const std::size_t start = run_start(*state, tier);
        const std::size_t count = state->tail.size() - start;
        if (count < kMergeCount) continue;
        TRY(merge_tail(start, count));
        return true;
    }
    return false;
}

Status StoredCollection::merge_tail(std::size_t first, std::size_t count) {
    const auto state = current();
    const auto part = std::span(state->tail).subspan(first, count);
    // Nothing is left out here: the entries of removed rows go when the segment is sealed.
    TRY_ASSIGN(Segment merged, merge_segments(part, nullptr));
    const std::scoped_lock lock(write_mutex_);
    CollectionState next = *current();
    const auto begin = next.tail.begin() + static_cast<std::ptrdiff_t>(first);
    *begin = std::make_shared<const Segment>(std::move(merged));
    next.tail.erase(begin + 1, begin + static_cast<std::ptrdiff_t>(count));
    publish(std::move(next));
    return Ok{};
}

Status StoredCollection::seal() {
    const auto state = current();
    if (state->tail.empty() || dropped_) return Ok{};
    TRY_ASSIGN(const Segment merged, merge_segments(state->tail, state->live.get()));
    TRY(store_segment(*state, merged));
    TEST_POINT("seal.segment_stored");
    return finish_seal(*state, merged);
}

Status StoredCollection::store_segment(const CollectionState& state, const Segment& merged) {
    // In pieces, so that writers are not held up. No reader looks at them, and a crash leaves
    // them unused, until finish_seal() names the segment; sealing again overwrites them.
    const CollectionNumber number = state.schema->number;
    auto changes = environment_.store.new_batch();
    const auto flush_above = [&](std::size_t bytes) -> Status {
        if (changes->bytes() <= bytes) return Ok{};
        TRY(environment_.store.commit(*changes, Durability::buffered));
        changes = environment_.store.new_batch();
        return Ok{};
    };
    for (const Segment::Term& term : merged.terms) {
        changes->put(Space::terms, term_key(number, term.name, merged.begin), term.postings);
        TRY(flush_above(kChangeBytes));
    }
    for (const auto& [property, column] : merged.columns) {
        std::string bytes;
        encode_column(column, merged.begin, bytes);
        changes->put(Space::columns, column_key(number, property, merged.begin), bytes);
        TRY(flush_above(kChangeBytes));
    }
    return environment_.store.commit(*changes, Durability::buffered);
}

Status StoredCollection::purge(
    const CollectionState& state, const Segment& merged, KeyValueBatch& changes
) {
    for (const Segment::Removal& removal : merged.removals) {
        index::RowSet gone;
        for (const Row row : removal.rows)
            gone.add(row);
        for (const SealedSegment& segment : state.sealed) {
            if (gone.count(segment.begin, segment.end) == 0) continue;
            const std::string key = term_key(state.schema->number, removal.name, segment.begin);
            TRY_ASSIGN(const auto bytes, state.snapshot->get(Space::terms, key));
            if (!bytes) continue;
            TRY_ASSIGN(const auto list, index::PostingList::open(*bytes, segment.begin));
            TRY_ASSIGN(auto postings, list.read_all());
            std::erase_if(postings, [&](const index::Posting& p) { return gone.contains(p.row); });
            std::string kept;
            index::encode_postings(postings, segment.begin, kept);
            if (postings.empty()) {
                changes.remove(Space::terms, key);
            } else {
                changes.put(Space::terms, key, kept);
            }
        }
    }
    return Ok{};
}

Status StoredCollection::finish_seal(const CollectionState& state, const Segment& merged) {
    const CollectionNumber number = state.schema->number;
    std::vector<SealedSegment> sealed = state.sealed;
    if (merged.end > merged.begin) sealed.push_back({merged.begin, merged.end});
    const auto changes = environment_.store.new_batch();
    TRY(purge(state, merged, *changes));
    changes->put(Space::catalog, state_key(number), encode_state(state, sealed));
    changes->remove_range(Space::log, log_key(number, 0), log_key(number, state.next_sequence));

    const std::scoped_lock lock(write_mutex_);
    if (dropped_) return Ok{};
    TEST_POINT("seal.before_commit");
    TRY(environment_.store.commit(*changes, Durability::synced));
    TEST_POINT("seal.after_commit");
    CollectionState next = *current();
    next.sealed = std::move(sealed);
    next.tail.erase(
        next.tail.begin(), next.tail.begin() + static_cast<std::ptrdiff_t>(state.tail.size())
    );
    next.snapshot = environment_.store.snapshot();
    publish(std::move(next));
    return Ok{};
}

}  // namespace moat::collections
