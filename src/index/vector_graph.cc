#include "index/vector_graph.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace moat::index {
namespace {

constexpr Row kExpanded = Row{1} << 31;
constexpr std::size_t kEntries = 8;

bool better(const GraphScratch::Candidate& a, const GraphScratch::Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
}

// Keeps the best `keep` candidates in a heap with the worst in front.
void keep_best(
    std::vector<GraphScratch::Candidate>& heap, std::size_t keep, GraphScratch::Candidate candidate
) {
    if (heap.size() < keep) {
        heap.push_back(candidate);
        std::push_heap(heap.begin(), heap.end(), better);
    } else if (keep > 0 && better(candidate, heap.front())) {
        std::pop_heap(heap.begin(), heap.end(), better);
        heap.back() = candidate;
        std::push_heap(heap.begin(), heap.end(), better);
    }
}

void next_round(GraphScratch& scratch, std::size_t rows) {
    if (scratch.seen.size() < rows) scratch.seen.resize(rows);
    if (++scratch.round == 0) {
        std::fill(scratch.seen.begin(), scratch.seen.end(), std::uint16_t{0});
        scratch.round = 1;
    }
}

}  // namespace

VectorGraph::VectorGraph(const VectorCodes& codes)
    : codes_(codes),
      links_(kMaxLinks * sizeof(Link), std::make_unique<MemoryChunks>()),
      locks_(kLocks),
      pivots_(std::make_shared<const std::vector<Row>>()) {}

Status VectorGraph::grow_to(Row end) {
    TRY(links_.grow_to(end));
    for (; linked_ < end; ++linked_) {
        for (std::size_t i = 0; i < kMaxLinks; ++i) {
            link(linked_, i).store(kNoRow, std::memory_order_relaxed);
        }
    }
    return Ok{};
}

std::size_t VectorGraph::pool_insert(
    GraphScratch& scratch, std::size_t effort, float score, Row row
) const {
    auto& scores = scratch.pool_scores;
    auto& rows = scratch.pool_rows;
    if (scores.size() == effort && score <= scores.back()) return effort;
    const auto at = std::upper_bound(scores.begin(), scores.end(), score, std::greater<>());
    const std::ptrdiff_t index = at - scores.begin();
    if (scores.size() == effort) {
        scores.pop_back();
        rows.pop_back();
    }
    scores.insert(scores.begin() + index, score);
    rows.insert(rows.begin() + index, row);
    return static_cast<std::size_t>(index);
}

void VectorGraph::start(GraphScratch& scratch, std::size_t effort) const {
    std::shared_ptr<const std::vector<Row>> pivots;
    {
        const std::scoped_lock lock(pivot_mutex_);
        pivots = pivots_;
    }
    // After the pivots: the graph may grow meanwhile, and every one of them needs its place.
    next_round(scratch, links_.capacity());
    scratch.pool_scores.clear();
    scratch.pool_rows.clear();
    scratch.pool_scores.reserve(effort + 1);
    scratch.pool_rows.reserve(effort + 1);
    scratch.fresh_scores.resize(std::max(kMaxLinks, pivots->size()));
    codes_.estimate(scratch.query, *pivots, scratch.fresh_scores.data());
    for (std::size_t i = 0; i < pivots->size(); ++i) {
        pool_insert(scratch, std::min(kEntries, effort), scratch.fresh_scores[i], (*pivots)[i]);
    }
    for (const Row row : scratch.pool_rows)
        scratch.seen[row] = scratch.round;
}

void VectorGraph::gather_fresh(GraphScratch& scratch, Row row) const {
    scratch.fresh.clear();
    for (std::size_t i = 0; i < kMaxLinks; ++i) {
        // Acquire: the codes of a linked row are read next.
        const Link to = link(row, i).load(std::memory_order_acquire);
        if (to == kNoRow) break;
        if (to >= scratch.seen.size() || scratch.seen[to] == scratch.round) continue;
        scratch.seen[to] = scratch.round;
        scratch.fresh.push_back(to);
    }
}

void VectorGraph::walk(
    GraphScratch& scratch, std::size_t effort, const RowSet* wanted, std::size_t keep
) const {
    start(scratch, effort);
    scratch.found.clear();
    const auto note = [&](float score, Row row) {
        if (wanted != nullptr && wanted->contains(row))
            keep_best(scratch.found, keep, {score, row});
    };
    for (std::size_t i = 0; i < scratch.pool_rows.size(); ++i) {
        note(scratch.pool_scores[i], scratch.pool_rows[i]);
    }
    std::size_t at = 0;
    while (at < scratch.pool_rows.size()) {
        if ((scratch.pool_rows[at] & kExpanded) != 0) {
            ++at;
            continue;
        }
        gather_fresh(
            scratch, std::exchange(scratch.pool_rows[at], scratch.pool_rows[at] | kExpanded)
        );
        codes_.estimate(scratch.query, scratch.fresh, scratch.fresh_scores.data());
        std::size_t first = effort;
        for (std::size_t i = 0; i < scratch.fresh.size(); ++i) {
            const std::size_t index =
                pool_insert(scratch, effort, scratch.fresh_scores[i], scratch.fresh[i]);
            first = std::min(first, index);
            note(scratch.fresh_scores[i], scratch.fresh[i]);
        }
        at = first <= at ? first : at + 1;
        if (at < scratch.pool_rows.size()) {
            __builtin_prefetch(links_.at(scratch.pool_rows[at] & ~kExpanded));
        }
    }
    if (wanted == nullptr) {
        for (std::size_t i = 0; i < scratch.pool_rows.size(); ++i) {
            scratch.found.push_back({scratch.pool_scores[i], scratch.pool_rows[i] & ~kExpanded});
        }
    } else {
        std::sort_heap(scratch.found.begin(), scratch.found.end(), better);
    }
}

void VectorGraph::select(
    GraphScratch& scratch, std::vector<GraphScratch::Candidate>& from, Row row, std::size_t limit
) const {
    // Scores become symmetric, so that they compare with those between candidates.
    const float own = codes_.base(row);
    std::sort(from.begin(), from.end(), better);
    std::size_t kept = 0;
    Row rows[kMaxLinks];
    float scores[kMaxLinks];
    for (const GraphScratch::Candidate candidate : from) {
        if (kept == limit) break;
        codes_.prepare_row(candidate.row, scratch.pair);
        const float base = codes_.base(candidate.row);
        codes_.estimate_by_bytes(scratch.pair, std::span(rows, kept), scores);
        const bool redundant = std::any_of(scores, scores + kept, [&](float score) {
            return score + base > candidate.score + own;
        });
        if (redundant) continue;
        rows[kept] = candidate.row;
        from[kept] = candidate;
        ++kept;
    }
    from.resize(kept);
}

void VectorGraph::insert(Row row, std::span<const float> vector, GraphScratch& scratch) {
    codes_.prepare(vector, scratch.query);
    walk(scratch, kBuildEffort, nullptr, 0);

    std::vector<GraphScratch::Candidate> chosen;
    std::vector<Row> rows;
    for (const auto& candidate : scratch.found) {
        if (candidate.row != row) rows.push_back(candidate.row);
    }
    std::vector<float> scores(rows.size());
    codes_.estimate_by_bytes(scratch.query, rows, scores.data());
    for (std::size_t i = 0; i < rows.size(); ++i)
        chosen.push_back({scores[i], rows[i]});
    select(scratch, chosen, row, kNewLinks);
    {
        const std::scoped_lock lock(locks_[row % kLocks]);
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            link(row, i).store(chosen[i].row, std::memory_order_release);
        }
    }
    for (const auto& candidate : chosen)
        link_back(scratch, candidate.row, row);
    add_pivot(row);
}

void VectorGraph::link_back(GraphScratch& scratch, Row from, Row to) {
    const std::scoped_lock lock(locks_[from % kLocks]);
    std::vector<Row> rows;
    for (std::size_t i = 0; i < kMaxLinks; ++i) {
        const Link present = link(from, i).load(std::memory_order_acquire);
        if (present == to) return;
        if (present == kNoRow) {
            link(from, i).store(to, std::memory_order_release);
            return;
        }
        rows.push_back(present);
    }
    rows.push_back(to);
    std::vector<float> scores(rows.size());
    codes_.prepare_row(from, scratch.pair);
    codes_.estimate_by_bytes(scratch.pair, rows, scores.data());
    std::vector<GraphScratch::Candidate> candidates;
    for (std::size_t i = 0; i < rows.size(); ++i)
        candidates.push_back({scores[i], rows[i]});
    select(scratch, candidates, from, kMaxLinks);
    // A walk that reads meanwhile may see a link twice or miss one, and no harm is done.
    for (std::size_t i = 0; i < kMaxLinks; ++i) {
        const Link next = i < candidates.size() ? candidates[i].row : kNoRow;
        link(from, i).store(next, std::memory_order_release);
    }
}

void VectorGraph::add_pivot(Row row) {
    const std::scoped_lock lock(pivot_mutex_);
    if (row % pivot_step_ != 0 && !pivots_->empty()) return;
    auto pivots = std::make_shared<std::vector<Row>>(*pivots_);
    pivots->push_back(row);
    if (pivots->size() > kMaxPivots) {
        // Every second one goes; later ones come half as often.
        pivot_step_ *= 2;
        std::erase_if(*pivots, [this](Row pivot) { return pivot % pivot_step_ != 0; });
    }
    pivots_ = std::move(pivots);
}

std::vector<Row> VectorGraph::pivots() const {
    const std::scoped_lock lock(pivot_mutex_);
    return *pivots_;
}

void VectorGraph::adopt(Row end, std::span<const Row> pivots) {
    for (Row row = 0; row < end; ++row) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < kMaxLinks; ++i) {
            const Link to = link(row, i).load(std::memory_order_relaxed);
            if (to < end) link(row, kept++).store(to, std::memory_order_relaxed);
        }
        for (; kept < kMaxLinks; ++kept)
            link(row, kept).store(kNoRow, std::memory_order_relaxed);
    }
    linked_ = std::max(linked_, end);
    const std::scoped_lock lock(pivot_mutex_);
    pivots_ = std::make_shared<const std::vector<Row>>(pivots.begin(), pivots.end());
    const auto all_divisible = [&](Row step) {
        return std::all_of(pivots.begin(), pivots.end(), [&](Row p) { return p % step == 0; });
    };
    pivot_step_ = 1;
    while (pivots.size() > kMaxPivots / 2 && all_divisible(pivot_step_ * 2))
        pivot_step_ *= 2;
}

}  // namespace moat::index
