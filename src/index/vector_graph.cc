#include "index/vector_graph.h"

#include <algorithm>
#include <utility>

namespace moat::index {
namespace {

constexpr std::size_t kEntries = 8;
constexpr std::size_t kLookAhead = 3;    // places of the pool whose links are fetched early
constexpr std::size_t kAmongFresh = 32;  // wanted rows that one step of a filtered walk looks for
constexpr std::size_t kBehindEach = 8;   // replacements tried for a link that is repaired
constexpr std::size_t kMaxPassed = 256;  // rows looked behind for one repair
constexpr std::size_t kLine = 64;

}  // namespace

VectorGraph::VectorGraph(const VectorCodes& codes, std::unique_ptr<ChunkSource> links)
    : codes_(codes),
      shared_links_(std::make_shared<Links>(std::move(links))),
      links_(*shared_links_) {}

VectorGraph::VectorGraph(const VectorCodes& codes, const VectorGraph& same)
    : codes_(codes), shared_links_(same.shared_links_), links_(*shared_links_) {}

Status VectorGraph::grow_to(Row end) {
    TRY(links_.rows.grow_to(end));
    for (Row row = links_.end; row < end; ++row) {
        for (std::size_t i = 0; i < kMaxLinks; ++i)
            link(row, i).store(kNoRow, std::memory_order_relaxed);
    }
    links_.end.store(std::max(links_.end.load(), end), std::memory_order_release);
    return Ok{};
}

void VectorGraph::prefetch_links(Row row) const {
    const std::byte* const links = links_.rows.at(row);
    for (std::size_t at = 0; at < kMaxLinks * sizeof(Link); at += kLine)
        __builtin_prefetch(links + at);
}

void VectorGraph::links_of(Row row, std::vector<Row>& out) const {
    out.clear();
    const Row end = links_.end;
    for (std::size_t i = 0; i < kMaxLinks; ++i) {
        // Acquire: the codes of a linked row are read next.
        const Link to = link(row, i).load(std::memory_order_acquire);
        if (to == kNoRow) return;
        if (to < end) out.push_back(to);
    }
}

void VectorGraph::start(GraphScratch& scratch, std::size_t effort) const {
    std::shared_ptr<const std::vector<Row>> pivots;
    {
        const std::scoped_lock lock(links_.pivot_mutex);
        pivots = links_.pivots;
    }
    // After the pivots: the graph may grow meanwhile, and every one of them needs its place.
    scratch.seen.reset(links_.end);
    scratch.fresh_scores.resize(std::max(kMaxLinks, pivots->size()));
    codes_.estimate(scratch.query, *pivots, scratch.fresh_scores.data());
    scratch.pool.reset(std::min(kEntries, effort));
    for (std::size_t i = 0; i < pivots->size(); ++i)
        scratch.pool.offer(scratch.fresh_scores[i], (*pivots)[i]);
    scratch.found.clear();
    for (std::size_t i = 0; i < scratch.pool.size(); ++i)
        scratch.found.push_back(scratch.pool.at(i));
    scratch.pool.reset(effort);
    for (const Candidate& entry : scratch.found) {
        scratch.seen.add(entry.row);
        scratch.pool.offer(entry.score, entry.row);
    }
    scratch.found.clear();
}

template <class Gather>
void VectorGraph::walk_on(GraphScratch& scratch, Gather gather) const {
    CandidatePool& pool = scratch.pool;
    std::size_t at = 0;
    while (at < pool.size()) {
        if (pool.visited(at)) {
            ++at;
            continue;
        }
        const Row row = pool.at(at).row;
        pool.visit(at);
        scratch.fresh.clear();
        gather(row);
        if (scratch.fresh_scores.size() < scratch.fresh.size()) {
            scratch.fresh_scores.resize(scratch.fresh.size());
        }
        codes_.estimate(scratch.query, scratch.fresh, scratch.fresh_scores.data());
        std::size_t first = pool.capacity();
        for (std::size_t i = 0; i < scratch.fresh.size(); ++i) {
            const std::size_t place = pool.offer(scratch.fresh_scores[i], scratch.fresh[i]);
            if (place < at + kLookAhead) prefetch_links(scratch.fresh[i]);
            first = std::min(first, place);
        }
        at = first <= at ? first : at + 1;
    }
}

void VectorGraph::gather(GraphScratch& scratch, Row row) const {
    for (std::size_t i = 0; i < kMaxLinks; ++i) {
        // Acquire: the codes of a linked row are read next.
        const Link to = link(row, i).load(std::memory_order_acquire);
        if (to == kNoRow) break;
        if (scratch.seen.has_room_for(to) && scratch.seen.add(to)) scratch.fresh.push_back(to);
    }
}

void VectorGraph::walk(GraphScratch& scratch, std::size_t effort) const {
    start(scratch, effort);
    walk_on(scratch, [&](Row row) { gather(scratch, row); });
}

void VectorGraph::gather_among(GraphScratch& scratch, Row row, const RowSet& wanted) const {
    scratch.passed.clear();
    const auto look_at = [&](Row from, bool pass) {
        for (std::size_t i = 0; i < kMaxLinks; ++i) {
            const Link to = link(from, i).load(std::memory_order_acquire);
            if (to == kNoRow) break;
            if (!scratch.seen.has_room_for(to)) continue;
            if (wanted.contains(to)) {
                if (scratch.seen.add(to)) scratch.fresh.push_back(to);
            } else if (pass && scratch.seen.add(to)) {
                prefetch_links(to);
                scratch.passed.push_back(to);
            }
        }
    };
    look_at(row, true);
    for (const Row through : scratch.passed) {
        if (scratch.fresh.size() >= kAmongFresh) break;
        look_at(through, false);
    }
}

void VectorGraph::walk_among(GraphScratch& scratch, std::size_t effort, const RowSet& wanted)
    const {
    start(scratch, effort);
    walk_on(scratch, [&](Row row) { gather_among(scratch, row, wanted); });
}

void VectorGraph::add_diverse(
    GraphScratch& scratch,
    Row row,
    std::vector<Candidate>& kept,
    std::span<const Candidate> from,
    std::size_t limit
) const {
    // Scores become symmetric, so that they compare with those between candidates.
    const float own = codes_.base(row);
    Row rows[kMaxLinks];
    float scores[kMaxLinks];
    for (std::size_t i = 0; i < kept.size(); ++i)
        rows[i] = kept[i].row;
    for (const Candidate candidate : from) {
        if (kept.size() == limit) break;
        codes_.prepare_row(candidate.row, scratch.pair);
        const float base = codes_.base(candidate.row);
        codes_.refine(scratch.pair, std::span(rows, kept.size()), scores);
        const bool redundant = std::any_of(scores, scores + kept.size(), [&](float score) {
            return score + base > candidate.score + own;
        });
        if (redundant) continue;
        rows[kept.size()] = candidate.row;
        kept.push_back(candidate);
    }
}

void VectorGraph::score_from(GraphScratch& scratch, Row row, std::vector<Candidate>& candidates)
    const {
    std::vector<Row> rows;
    for (const Candidate& candidate : candidates)
        rows.push_back(candidate.row);
    std::vector<float> scores(rows.size());
    codes_.prepare_row(row, scratch.pair);
    codes_.refine(scratch.pair, rows, scores.data());
    for (std::size_t i = 0; i < rows.size(); ++i)
        candidates[i].score = scores[i];
}

void VectorGraph::store_links(Row row, std::span<const Candidate> chosen) {
    // A walk that reads meanwhile may see a link twice or miss one, and no harm is done.
    for (std::size_t i = 0; i < kMaxLinks; ++i) {
        link(row, i).store(i < chosen.size() ? chosen[i].row : kNoRow, std::memory_order_release);
    }
}

void VectorGraph::insert(
    Row row, std::span<const float> vector, const RowSet& gone, GraphScratch& scratch
) {
    codes_.prepare(vector, scratch.query);
    walk(scratch, kBuildEffort);

    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < scratch.pool.size(); ++i) {
        const Candidate candidate = scratch.pool.at(i);
        if (candidate.row != row && !gone.contains(candidate.row)) candidates.push_back(candidate);
    }
    score_from(scratch, row, candidates);
    std::sort(candidates.begin(), candidates.end());
    std::vector<Candidate> chosen;
    add_diverse(scratch, row, chosen, candidates, kNewLinks);
    {
        const std::scoped_lock lock(links_.locks[row % kLocks]);
        store_links(row, chosen);
    }
    for (const Candidate& candidate : chosen)
        link_back(scratch, candidate.row, row);
}

void VectorGraph::link_back(GraphScratch& scratch, Row from, Row to) {
    const std::scoped_lock lock(links_.locks[from % kLocks]);
    links_of(from, scratch.fresh);
    if (std::ranges::find(scratch.fresh, to) != scratch.fresh.end()) return;
    if (scratch.fresh.size() < kMaxLinks) {
        link(from, scratch.fresh.size()).store(to, std::memory_order_release);
        return;
    }
    std::vector<Candidate> candidates{{0, to}};
    for (const Row present : scratch.fresh)
        candidates.push_back({0, present});
    score_from(scratch, from, candidates);
    std::sort(candidates.begin(), candidates.end());
    std::vector<Candidate> chosen;
    add_diverse(scratch, from, chosen, candidates, kMaxLinks);
    store_links(from, chosen);
}

void VectorGraph::repair(Row row, const RowSet& gone, GraphScratch& scratch) {
    const std::scoped_lock lock(links_.locks[row % kLocks]);
    links_of(row, scratch.fresh);
    scratch.passed.clear();
    std::vector<Candidate> kept;
    for (const Row to : scratch.fresh) {
        if (gone.contains(to)) {
            scratch.passed.push_back(to);
        } else {
            kept.push_back({0, to});
        }
    }
    const std::size_t lost = scratch.passed.size();
    if (lost == 0) return;
    std::vector<Candidate> behind = live_rows_behind(scratch, row, gone);
    score_from(scratch, row, behind);
    // As many as were lost come in; the nearest few of what lies behind each will do.
    std::sort(behind.begin(), behind.end());
    behind.resize(std::min(behind.size(), kBehindEach * lost));
    add_diverse(scratch, row, kept, behind, kept.size() + lost);
    store_links(row, kept);
}

std::vector<Candidate> VectorGraph::live_rows_behind(
    GraphScratch& scratch, Row row, const RowSet& gone
) const {
    scratch.seen.reset(links_.end);
    scratch.seen.add(row);
    for (const Row to : scratch.fresh)
        (void)(scratch.seen.has_room_for(to) && scratch.seen.add(to));
    std::vector<Candidate> behind;
    // What is gone may lead to more that is gone: looked through as well, but not without end.
    for (std::size_t i = 0; i < std::min(scratch.passed.size(), kMaxPassed); ++i) {
        links_of(scratch.passed[i], scratch.fresh);
        for (const Row to : scratch.fresh) {
            if (!scratch.seen.has_room_for(to) || !scratch.seen.add(to)) continue;
            if (!gone.contains(to)) {
                behind.push_back({0, to});
            } else if (behind.empty()) {
                scratch.passed.push_back(to);
            }
        }
    }
    return behind;
}

void VectorGraph::forget(const RowSet& rows) {
    rows.for_each([this](Row row) { store_links(row, {}); });
}

void VectorGraph::choose_pivots(const RowSet& members) {
    const std::size_t count = members.count();
    const std::size_t wanted = std::clamp(count / kRowsPerPivot, kLeastPivots, kMostPivots);
    const std::size_t step = std::max<std::size_t>(1, count / wanted);
    auto pivots = std::make_shared<std::vector<Row>>();
    std::size_t at = 0;
    members.for_each([&](Row row) {
        if (at++ % step == 0) pivots->push_back(row);
    });
    const std::scoped_lock lock(links_.pivot_mutex);
    links_.pivots = std::move(pivots);
}

Status VectorGraph::adopt(Row end) {
    TRY(links_.rows.grow_to(end));
    links_.end = end;
    return Ok{};
}

}  // namespace moat::index
