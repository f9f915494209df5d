#include "index/vector_index.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "index/vector_generation.h"
#include "index/vector_kernels.h"

namespace moat::index {
namespace {

constexpr std::size_t kScanPiece = 256;  // rows estimated at a time
constexpr std::size_t kMaxEffort = 4096;
constexpr std::size_t kMaxIdleScratches = 16;

// Above this share of allowed rows a plain walk, which meets enough of them, is the cheaper one.
constexpr double kPlainShare = 0.4;

}  // namespace

struct VectorIndex::Wanted {
    const RowSet& rows;
    std::size_t in_graph;  // of the rows
    std::size_t limit;
    std::size_t effort;
    std::size_t keep;  // candidates whose codes are compared
};

VectorIndex::VectorIndex(
    std::size_t dimensions,
    Distance distance,
    std::unique_ptr<ChunkSource> originals,
    const VectorIndexOptions& options
)
    : rotation_(dimensions),
      distance_(distance),
      options_(options),
      originals_(dimensions * sizeof(float), std::move(originals)),
      current_(std::make_shared<Generation>(
          rotation_,
          distance,
          VectorCodes::Frame{std::vector<float>(dimensions, 0.0F), 0},
          CodeWidth::eight,
          options.memory(),
          options.memory()
      )) {}

VectorIndex::~VectorIndex() = default;

std::shared_ptr<VectorIndex::Generation> VectorIndex::current() const {
    const std::scoped_lock lock(current_mutex_);
    return current_;
}

Row VectorIndex::graph_end() const {
    return current()->graph_end;
}

CodeWidth VectorIndex::code_width() const {
    return current()->codes.width();
}

std::span<const float> VectorIndex::original(Row row) const {
    return {originals_.at<const float>(row), rotation_.dimensions()};
}

std::vector<float> VectorIndex::normalised(std::span<const float> vector) const {
    std::vector<float> out(vector.begin(), vector.end());
    if (distance_ != Distance::cosine) return out;
    const float squared = vector_kernels().dot(out.data(), out.data(), out.size());
    if (!(squared > 0)) return out;
    const float factor = 1 / std::sqrt(squared);
    for (float& value : out)
        value *= factor;
    return out;
}

Status VectorIndex::reserve(Row end) {
    const std::scoped_lock lock(put_mutex_);
    TRY(originals_.grow_to(end));
    TRY(current()->codes.grow_to(end));
    reserved_end_ = std::max(reserved_end_, end);
    return Ok{};
}

void VectorIndex::put(Row row, std::span<const float> vector) {
    CHECK(vector.size() == dimensions());
    const std::vector<float> own = normalised(vector);
    std::copy(own.begin(), own.end(), originals_.at<float>(row));
    const std::scoped_lock lock(put_mutex_);
    CHECK(row >= put_end_ && row < reserved_end_);
    current()->codes.put(row, own);
    put_end_ = row + 1;
}

float VectorIndex::distance_to(const float* query, Row row) const {
    const VectorKernels& kernels = vector_kernels();
    const float* vector = originals_.at<float>(row);
    switch (distance_) {
        case Distance::cosine:
            return 1 - kernels.dot(query, vector, dimensions());
        case Distance::dot:
            return -kernels.dot(query, vector, dimensions());
        case Distance::l2_squared:
            return kernels.l2_squared(query, vector, dimensions());
        case Distance::manhattan:
            return kernels.manhattan(query, vector, dimensions());
        case Distance::hamming:
            return static_cast<float>(kernels.hamming(query, vector, dimensions()));
    }
    return 0;
}

void VectorIndex::scan(
    const Generation& generation, const Wanted& wanted, Row begin, GraphScratch& scratch
) const {
    // Without a centre the bits of real embeddings, which share much, tell them apart badly.
    const bool by_bits = generation.graph != nullptr && generation.codes.has_bits();
    std::vector<Candidate>& found = scratch.found;
    const std::size_t keep = std::max(wanted.keep, 4 * wanted.limit);
    std::make_heap(found.begin(), found.end());
    scratch.fresh.clear();
    scratch.fresh_scores.resize(std::max(scratch.fresh_scores.size(), kScanPiece));
    const auto rank_piece = [&] {
        float* const scores = scratch.fresh_scores.data();
        if (by_bits) {
            generation.codes.estimate(scratch.query, scratch.fresh, scores);
        } else {
            generation.codes.refine(scratch.query, scratch.fresh, scores);
        }
        for (std::size_t i = 0; i < scratch.fresh.size(); ++i) {
            const Candidate candidate{scores[i], scratch.fresh[i]};
            if (found.size() == keep && !(candidate < found.front())) continue;
            if (found.size() == keep) {
                std::pop_heap(found.begin(), found.end());
                found.pop_back();
            }
            found.push_back(candidate);
            std::push_heap(found.begin(), found.end());
        }
        scratch.fresh.clear();
    };
    wanted.rows.for_each(begin, kNoRow, [&](Row row) {
        scratch.fresh.push_back(row);
        if (scratch.fresh.size() == kScanPiece) rank_piece();
    });
    rank_piece();
}

std::vector<ScoredRow> VectorIndex::scan_exactly(const RowSet& allowed, const VectorSearch& search)
    const {
    TopRows top(search.limit);
    allowed.for_each([&](Row row) {
        top.offer({row, -static_cast<double>(distance_to(search.query.data(), row))});
    });
    return top.take();
}

std::vector<ScoredRow> VectorIndex::rescore(
    const Generation& generation,
    std::span<const float> query,
    std::size_t limit,
    GraphScratch& scratch
) const {
    scratch.fresh.clear();
    for (const Candidate& candidate : scratch.found)
        scratch.fresh.push_back(candidate.row);
    scratch.fresh_scores.resize(std::max(scratch.fresh_scores.size(), scratch.fresh.size()));
    float* const scores = scratch.fresh_scores.data();
    generation.codes.refine(scratch.query, scratch.fresh, scores);
    for (std::size_t i = 0; i < scratch.found.size(); ++i)
        scratch.found[i].score = scores[i];
    // The codes put the true best among the first few more than asked for.
    const bool wide = generation.codes.width() == CodeWidth::eight;
    const std::size_t few =
        limit + (wide ? std::max<std::size_t>(10, limit / 2) : std::max<std::size_t>(30, limit));
    if (scratch.found.size() > few) {
        const auto end = scratch.found.begin() + static_cast<std::ptrdiff_t>(few);
        std::nth_element(scratch.found.begin(), end, scratch.found.end());
        scratch.found.erase(end, scratch.found.end());
    }
    for (const Candidate& candidate : scratch.found) {
        // The processor goes on by itself once it has seen where a row begins.
        for (std::size_t line = 0; line < 4; ++line)
            __builtin_prefetch(originals_.at(candidate.row) + 64 * line);
    }
    TopRows top(limit);
    for (const Candidate& candidate : scratch.found) {
        top.offer({candidate.row, -static_cast<double>(distance_to(query.data(), candidate.row))});
    }
    return top.take();
}

void VectorIndex::find_in_graph(
    const Generation& generation, const Wanted& wanted, GraphScratch& scratch
) const {
    const std::size_t members = std::max<std::size_t>(1, generation.member_count);
    const double share = static_cast<double>(wanted.in_graph) / static_cast<double>(members);
    const auto keep_wanted = [&] {
        scratch.found.clear();
        for (std::size_t i = 0; i < scratch.pool.size(); ++i) {
            const Candidate candidate = scratch.pool.at(i);
            if (wanted.rows.contains(candidate.row)) scratch.found.push_back(candidate);
        }
    };
    if (share >= kPlainShare) {
        const auto widened =
            static_cast<std::size_t>(static_cast<double>(wanted.effort) / std::min(share, 1.0));
        generation.graph->walk(scratch, std::min(widened, kMaxEffort));
        keep_wanted();
        // Fewer than these, and the allowed rows lie elsewhere than the query.
        if (scratch.found.size() >= std::min(2 * wanted.limit, wanted.in_graph)) return;
    }
    generation.graph->walk_among(scratch, std::min(wanted.effort, kMaxEffort), wanted.rows);
    keep_wanted();
    if (scratch.found.size() < std::min(wanted.limit, wanted.in_graph)) {
        scratch.found.clear();
        scan(generation, wanted, 0, scratch);
    }
}

std::vector<ScoredRow> VectorIndex::search(const VectorSearch& search) const {
    CHECK(search.query.size() == dimensions() && search.allowed != nullptr);
    const RowSet& allowed = *search.allowed;
    const std::shared_ptr<Generation> generation = current();
    if (generation->graph == nullptr &&
        (distance_ == Distance::manhattan || distance_ == Distance::hamming)) {
        return scan_exactly(allowed, search);  // what their codes need is learnt with the graph
    }
    const std::vector<float> query = normalised(search.query);
    auto scratch = take_scratch();
    generation->codes.prepare(query, scratch->query);
    scratch->found.clear();

    const Row graph_end = generation->graph_end;
    const std::size_t effort =
        search.effort != 0 ? search.effort : std::clamp<std::size_t>(8 * search.limit, 100, 500);
    const std::size_t least = search.limit + search.limit / 2;
    const Wanted wanted{
        allowed, allowed.count(0, graph_end), search.limit, effort, std::max(effort, least)
    };
    Row scan_from = 0;
    // Where one row in 100 is allowed, too few of them are linked over one that is not.
    const bool sparse = wanted.in_graph * 100 <= generation->member_count;
    if (wanted.in_graph > options_.scan_rows && !sparse) {
        find_in_graph(*generation, wanted, *scratch);
        scan_from = graph_end;
    }
    scan(*generation, wanted, scan_from, *scratch);
    std::vector<ScoredRow> hits = rescore(*generation, query, search.limit, *scratch);
    give_scratch(std::move(scratch));
    return hits;
}

std::unique_ptr<GraphScratch> VectorIndex::take_scratch() const {
    const std::scoped_lock lock(scratch_mutex_);
    if (scratches_.empty()) return std::make_unique<GraphScratch>();
    auto scratch = std::move(scratches_.back());
    scratches_.pop_back();
    return scratch;
}

void VectorIndex::give_scratch(std::unique_ptr<GraphScratch> scratch) const {
    const std::scoped_lock lock(scratch_mutex_);
    if (scratches_.size() < kMaxIdleScratches) scratches_.push_back(std::move(scratch));
}

}  // namespace moat::index
