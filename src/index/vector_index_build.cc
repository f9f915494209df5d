#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/parallel.h"
#include "index/vector_generation.h"
#include "index/vector_index.h"

namespace moat::index {
namespace {

constexpr std::size_t kBuildPiece = 4096;    // rows inserted, or taken out, by one call of build()
constexpr std::size_t kLeastPiece = 256;     // rows inserted by one call while the graph is small
constexpr std::size_t kSweepPiece = 65'536;  // rows whose links one call looks over
constexpr std::size_t kSmallPiece = 256;     // rows that are worth a thread
constexpr std::size_t kSweepShare = 8;       // a sweep is due when one in so many is gone
constexpr std::size_t kPivotShare = 32;      // pivots are chosen anew for one more row in so many
constexpr std::size_t kLearnSample = 8192;   // rows the frame is learnt from

}  // namespace

CodeWidth VectorIndex::width_for(std::size_t rows) const {
    const bool fit = rows * rotation_.padded() <= options_.eight_bit_bytes;
    return VectorCodes::possible(
        distance_, options_.code_width.value_or(fit ? CodeWidth::eight : CodeWidth::four)
    );
}

VectorCodes::Frame VectorIndex::learn_frame(const RowSet& rows) const {
    std::vector<std::span<const float>> sample;
    const std::size_t step = std::max<std::size_t>(1, rows.count() / kLearnSample);
    std::size_t at = 0;
    rows.for_each([&](Row row) {
        if (at++ % step == 0) sample.push_back(original(row));
    });
    return VectorCodes::learn(sample, distance_);
}

Result<Row> VectorIndex::code_rows(Generation& generation, const RowSet& rows, std::size_t threads)
    const {
    std::vector<Row> all;
    rows.for_each([&](Row row) { all.push_back(row); });
    const Row end = all.empty() ? 0 : all.back() + 1;
    TRY(generation.codes.grow_to(end));
    const auto code = [&](std::size_t begin, std::size_t behind) -> Status {
        for (std::size_t i = begin; i < behind; ++i)
            generation.codes.put(all[i], original(all[i]));
        return Ok{};
    };
    TRY(parallel_parts(all.size(), kSmallPiece, threads, code));
    return end;
}

Status VectorIndex::start_over(const RowSet& rows, std::size_t threads) {
    const std::size_t count = rows.count();
    const bool with_graph = count >= std::max<std::size_t>(1, options_.graph_rows);
    VectorCodes::Frame frame{std::vector<float>(dimensions()), 0};
    if (with_graph) frame = learn_frame(rows);
    auto generation = std::make_shared<Generation>(
        rotation_,
        distance_,
        std::move(frame),
        with_graph ? width_for(count) : CodeWidth::eight,
        options_.memory(),
        options_.memory()
    );
    if (with_graph) {
        generation->graph = std::make_unique<VectorGraph>(generation->codes, options_.memory());
    }
    TRY_ASSIGN(const Row coded_end, code_rows(*generation, rows, threads));
    return adopt(generation, coded_end);
}

Status VectorIndex::recode(
    Generation& former, CodeWidth width, const RowSet& rows, std::size_t threads
) {
    auto generation = std::make_shared<Generation>(
        rotation_, distance_, former.codes.frame(), width, options_.memory(), options_.memory()
    );
    generation->graph = std::make_unique<VectorGraph>(generation->codes, *former.graph);
    RowSet all = former.members;
    all |= former.gone;
    all |= rows;
    TRY_ASSIGN(const Row coded_end, code_rows(*generation, all, threads));
    generation->graph_end = former.graph_end.load();
    generation->member_count = former.member_count.load();
    generation->pivots_of = former.pivots_of;
    generation->members = former.members;
    generation->gone = former.gone;
    generation->unrepaired = former.unrepaired;
    generation->sweeping = former.sweeping;
    generation->sweep_at = former.sweep_at;
    generation->links_are_stored = former.links_are_stored;
    return adopt(generation, coded_end);
}

Status VectorIndex::adopt(const std::shared_ptr<Generation>& generation, Row coded_end) {
    const std::scoped_lock lock(put_mutex_);
    TRY(generation->codes.grow_to(reserved_end_));
    for (Row row = coded_end; row < put_end_; ++row)
        generation->codes.put(row, original(row));
    const std::scoped_lock exchange(current_mutex_);
    current_ = generation;
    return Ok{};
}

Result<bool> VectorIndex::build(const RowSet& rows, std::size_t threads) {
    std::shared_ptr<Generation> generation = current();
    if (generation->graph == nullptr) {
        if (rows.count() < std::max<std::size_t>(1, options_.graph_rows)) return true;
        TRY(start_over(rows, threads));
        generation = current();
    }
    const std::size_t count = rows.count();
    const CodeWidth has = generation->codes.width();
    // Back to eight bits only when there are far fewer, or it would go to and fro.
    const CodeWidth wanted = width_for(has == CodeWidth::eight ? count : count + count / 2);
    if (wanted != has) {
        TRY(recode(*generation, wanted, rows, threads));
        const std::shared_ptr<Generation> former = std::exchange(generation, current());
        // Searches that hold it end before links lead to rows that its codes do not know.
        while (former.use_count() > 1)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (generation->links_are_stored && generation->members != rows) {
        // They are about to be changed all over. As pages of the image they would then be memory
        // that nobody counts; and in large pages they are faster.
        TRY(generation->graph->move_links(options_.memory()));
        generation->links_are_stored = false;
    }
    TRY_ASSIGN(const bool all_out, take_out(*generation, rows, threads));
    if (!all_out) return false;
    TRY_ASSIGN(const bool all_in, bring_in(*generation, rows, threads));
    if (!all_in) return false;
    return sweep(*generation, threads);
}

Result<bool> VectorIndex::bring_in(
    Generation& generation, const RowSet& rows, std::size_t threads
) {
    // A piece sees the pivots of those before it, so the first ones are small.
    const std::size_t piece =
        std::clamp(generation.member_count.load() / 4, kLeastPiece, kBuildPiece);
    std::vector<Row> pending;
    const std::size_t end = rows.words().size() * 64;
    for (std::size_t from = generation.graph_end; from < end && pending.size() <= piece;) {
        const std::size_t to = std::min(end, from + piece);
        rows.for_each(static_cast<Row>(from), static_cast<Row>(to), [&](Row row) {
            pending.push_back(row);
        });
        from = to;
    }
    if (pending.empty()) return true;
    const std::size_t count = std::min(pending.size(), piece);
    TRY(generation.graph->grow_to(pending[count - 1] + 1));
    if (generation.members.empty()) {
        generation.graph->choose_pivots(RowSet::range(pending[0], pending[0] + 1));
        generation.pivots_of = 1;
    }
    // Taken in turns: neighbours in order of rows are inserted at about the same time.
    const std::size_t hands = count < kSmallPiece ? 1 : threads;
    const auto insert = [&](std::size_t begin, std::size_t end) -> Status {
        auto scratch = take_scratch();
        for (std::size_t hand = begin; hand < end; ++hand) {
            for (std::size_t i = hand; i < count; i += hands) {
                generation.graph->insert(
                    pending[i], original(pending[i]), generation.gone, *scratch
                );
            }
        }
        give_scratch(std::move(scratch));
        return Ok{};
    };
    TRY(parallel_parts(hands, 1, hands, insert));
    for (std::size_t i = 0; i < count; ++i)
        generation.members.add(pending[i]);
    generation.member_count += count;
    // A pass over all members: not after every piece once they are many.
    if (generation.member_count - generation.pivots_of > generation.pivots_of / kPivotShare) {
        generation.graph->choose_pivots(generation.members);
        generation.pivots_of = generation.member_count;
    }
    generation.graph_end = pending[count - 1] + 1;
    return count == pending.size();
}

Result<bool> VectorIndex::take_out(
    Generation& generation, const RowSet& rows, std::size_t threads
) {
    RowSet removed = generation.members;
    removed.subtract(rows);
    if (!removed.empty()) {
        generation.members.subtract(removed);
        generation.member_count = generation.members.count();
        generation.gone |= removed;
        generation.graph->choose_pivots(generation.members);
        generation.pivots_of = generation.member_count;
        removed.for_each([&](Row row) { generation.unrepaired.push_back(row); });
    }
    const std::size_t count = std::min(generation.unrepaired.size(), kBuildPiece);
    if (count == 0) return true;
    const auto begin = generation.unrepaired.end() - static_cast<std::ptrdiff_t>(count);
    TRY(repair_around(generation, {begin, generation.unrepaired.end()}, threads));
    generation.unrepaired.erase(begin, generation.unrepaired.end());
    return generation.unrepaired.empty();
}

// Most rows that link to a removed one are linked by it; sweep() finds the others.
Status VectorIndex::repair_around(
    Generation& generation, std::span<const Row> rows, std::size_t threads
) {
    RowSet around;
    std::vector<Row> links;
    for (const Row row : rows) {
        generation.graph->links_of(row, links);
        for (const Row to : links) {
            if (generation.members.contains(to)) around.add(to);
        }
    }
    std::vector<Row> to_repair;
    around.for_each([&](Row row) { to_repair.push_back(row); });
    const auto repair = [&](std::size_t begin, std::size_t end) -> Status {
        auto scratch = take_scratch();
        for (std::size_t i = begin; i < end; ++i)
            generation.graph->repair(to_repair[i], generation.gone, *scratch);
        give_scratch(std::move(scratch));
        return Ok{};
    };
    return parallel_parts(to_repair.size(), kSmallPiece, threads, repair);
}

// Once many rows are gone a pass over the links of all others, some at a call, frees them for good.
Result<bool> VectorIndex::sweep(Generation& generation, std::size_t threads) {
    if (generation.sweeping.empty()) {
        if (generation.gone.count() * kSweepShare < generation.member_count) return true;
        generation.sweeping = generation.gone;
        generation.sweep_at = 0;
    }
    const Row end = generation.graph_end;
    const Row from = generation.sweep_at;
    const Row to = static_cast<Row>(std::min<std::size_t>(end, from + kSweepPiece));
    const auto look_over = [&](std::size_t begin, std::size_t behind) -> Status {
        auto scratch = take_scratch();
        for (std::size_t i = begin; i < behind; ++i) {
            const Row row = from + static_cast<Row>(i);
            if (generation.sweeping.contains(row)) continue;
            generation.graph->repair(row, generation.gone, *scratch);
        }
        give_scratch(std::move(scratch));
        return Ok{};
    };
    TRY(parallel_parts(to - from, kSmallPiece, threads, look_over));
    generation.sweep_at = to;
    if (to < end) return false;
    // Nothing leads there any longer.
    generation.graph->forget(generation.sweeping);
    generation.gone.subtract(generation.sweeping);
    generation.sweeping = {};
    // A walk that is there at this moment may be led to row 0. The codes stay: after damage, rows
    // that were not known for a while may be asked for again, and be scanned.
    RowSet dead = RowSet::range(0, end);
    dead.subtract(generation.members).subtract(generation.gone);
    generation.graph->release(dead);
    return true;
}

}  // namespace moat::index
