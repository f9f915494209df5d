#include "index/vector_index.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/parallel.h"
#include "index/vector_kernels.h"

namespace moat::index {
namespace {

constexpr std::size_t kBuildPiece = 4096;    // rows inserted by one call of build()
constexpr std::size_t kSmallPiece = 256;     // rows that are worth a thread
constexpr std::size_t kCentreSample = 8192;  // rows the centre is the mean of
constexpr std::size_t kScanPiece = 256;      // rows estimated at a time
constexpr std::size_t kMaxEffort = 4096;
constexpr std::size_t kMaxIdleScratches = 16;

// A scan costs about 8 ns a row, a walk 70 us over the share of rows that are allowed: with a of n
// rows allowed the scan is the cheaper one while a * a < 9000 * n.
bool scan_is_cheaper(std::size_t allowed, std::size_t rows) {
    return static_cast<double>(allowed) * static_cast<double>(allowed) <
           9000.0 * static_cast<double>(rows);
}

std::span<const std::byte> bytes_of_values(const auto& values) {
    return std::as_bytes(std::span(values));
}

Status write_rows(ImageSink& sink, const RowArray& rows, Row end) {
    for (Row row = 0; row < end;) {
        const auto count = std::min<std::size_t>(rows.rows_per_chunk(), end - row);
        TRY(sink.write({rows.at(row), count * rows.row_bytes()}));
        row += static_cast<Row>(count);
    }
    return Ok{};
}

Status read_rows(ImageSource& source, RowArray& rows, Row end) {
    TRY(rows.grow_to(end));
    for (Row row = 0; row < end;) {
        const auto count = std::min<std::size_t>(rows.rows_per_chunk(), end - row);
        TRY(source.read({rows.at(row), count * rows.row_bytes()}));
        row += static_cast<Row>(count);
    }
    return Ok{};
}

}  // namespace

// Codes about one centre and, once there are enough rows, the graph over them.
struct VectorIndex::Generation {
    Generation(const Rotation& rotation, Distance distance, std::vector<float> centre)
        : codes(rotation, distance, std::move(centre)) {}

    VectorCodes codes;
    std::unique_ptr<VectorGraph> graph;  // set before the generation is shared
    std::atomic<Row> graph_end = 0;
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
      current_(
          std::make_shared<Generation>(rotation_, distance, std::vector<float>(dimensions, 0.0F))
      ) {}

VectorIndex::~VectorIndex() = default;

std::shared_ptr<VectorIndex::Generation> VectorIndex::current() const {
    const std::scoped_lock lock(current_mutex_);
    return current_;
}

Row VectorIndex::graph_end() const {
    return current()->graph_end;
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
    }
    return 0;
}

void VectorIndex::scan(
    const Generation& generation,
    const RowSet& allowed,
    Row begin,
    Row end,
    std::size_t keep,
    GraphScratch& scratch
) const {
    // Without a centre the bits of real embeddings, which share much, tell them apart badly.
    const bool by_bits = generation.graph != nullptr && generation.codes.has_bits();
    std::vector<GraphScratch::Candidate>& found = scratch.found;
    const auto better = [](const GraphScratch::Candidate& a, const GraphScratch::Candidate& b) {
        return a.score != b.score ? a.score > b.score : a.row < b.row;
    };
    std::make_heap(found.begin(), found.end(), better);
    scratch.fresh.clear();
    scratch.fresh_scores.resize(std::max(scratch.fresh_scores.size(), kScanPiece));
    const auto rank_piece = [&] {
        float* const scores = scratch.fresh_scores.data();
        if (by_bits) {
            generation.codes.estimate(scratch.query, scratch.fresh, scores);
        } else {
            generation.codes.estimate_by_bytes(scratch.query, scratch.fresh, scores);
        }
        for (std::size_t i = 0; i < scratch.fresh.size(); ++i) {
            const GraphScratch::Candidate candidate{scores[i], scratch.fresh[i]};
            if (found.size() == keep && !better(candidate, found.front())) continue;
            if (found.size() == keep) {
                std::pop_heap(found.begin(), found.end(), better);
                found.pop_back();
            }
            found.push_back(candidate);
            std::push_heap(found.begin(), found.end(), better);
        }
        scratch.fresh.clear();
    };
    allowed.for_each(begin, end, [&](Row row) {
        scratch.fresh.push_back(row);
        if (scratch.fresh.size() == kScanPiece) rank_piece();
    });
    rank_piece();
}

std::vector<ScoredRow> VectorIndex::rescore(
    const Generation& generation,
    std::span<const float> query,
    std::size_t limit,
    GraphScratch& scratch
) const {
    std::vector<Row> rows;
    for (const auto& candidate : scratch.found)
        rows.push_back(candidate.row);
    std::vector<float> scores(rows.size());
    generation.codes.estimate_by_bytes(scratch.query, rows, scores.data());
    // The bytes put the true best among the first few more than asked for.
    TopRows by_bytes(limit + std::max<std::size_t>(10, limit / 2));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        by_bytes.offer({rows[i], static_cast<double>(scores[i])});
    }
    const std::vector<ScoredRow> best = by_bytes.take();
    for (const ScoredRow& hit : best)
        __builtin_prefetch(originals_.at(hit.row));
    TopRows top(limit);
    for (const ScoredRow& hit : best) {
        top.offer({hit.row, -static_cast<double>(distance_to(query.data(), hit.row))});
    }
    return top.take();
}

std::vector<ScoredRow> VectorIndex::search(const VectorSearch& search) const {
    CHECK(search.query.size() == dimensions() && search.allowed != nullptr);
    const RowSet& allowed = *search.allowed;
    const std::vector<float> query = normalised(search.query);
    const std::shared_ptr<Generation> generation = current();
    auto scratch = take_scratch();
    generation->codes.prepare(query, scratch->query);
    scratch->found.clear();

    const Row graph_end = generation->graph_end;
    const std::size_t wanted = allowed.count(0, graph_end);
    const std::size_t effort =
        search.effort != 0 ? search.effort : std::clamp<std::size_t>(8 * search.limit, 100, 500);
    const std::size_t keep = std::max(effort, search.limit + search.limit / 2);
    Row scan_from = 0;
    if (graph_end > 0 && !scan_is_cheaper(wanted, graph_end)) {
        const double share = static_cast<double>(wanted) / static_cast<double>(graph_end);
        const auto widened = static_cast<std::size_t>(static_cast<double>(keep) / share);
        generation->graph->walk(*scratch, std::min(widened, kMaxEffort), &allowed, keep);
        scan_from = graph_end;
    }
    scan(*generation, allowed, scan_from, kNoRow, std::max(keep, 4 * search.limit), *scratch);
    std::vector<ScoredRow> hits = rescore(*generation, query, search.limit, *scratch);
    give_scratch(std::move(scratch));
    return hits;
}

Result<std::shared_ptr<VectorIndex::Generation>> VectorIndex::make_centred(
    const RowSet& rows, std::size_t threads
) const {
    std::vector<Row> all;
    rows.for_each([&](Row row) { all.push_back(row); });
    std::vector<double> sums(dimensions());
    const std::size_t step = std::max<std::size_t>(1, all.size() / kCentreSample);
    std::size_t sampled = 0;
    for (std::size_t i = 0; i < all.size(); i += step, ++sampled) {
        const std::span<const float> vector = original(all[i]);
        for (std::size_t d = 0; d < sums.size(); ++d)
            sums[d] += static_cast<double>(vector[d]);
    }
    std::vector<float> centre(dimensions());
    for (std::size_t d = 0; d < sums.size(); ++d) {
        centre[d] = static_cast<float>(sums[d] / static_cast<double>(sampled));
    }
    auto generation = std::make_shared<Generation>(rotation_, distance_, std::move(centre));
    generation->graph = std::make_unique<VectorGraph>(generation->codes);
    TRY(generation->codes.grow_to(all.back() + 1));
    const auto code = [&](std::size_t begin, std::size_t end) -> Status {
        for (std::size_t i = begin; i < end; ++i)
            generation->codes.put(all[i], original(all[i]));
        return Ok{};
    };
    TRY(parallel_parts(all.size(), kSmallPiece, threads, code));
    return generation;
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
    std::vector<Row> pending;
    const Row done = generation->graph_end;
    rows.for_each(done, kNoRow, [&](Row row) { pending.push_back(row); });
    if (pending.empty()) return true;
    if (generation->graph == nullptr) {
        if (pending.size() < options_.graph_rows) return true;
        TRY_ASSIGN(generation, make_centred(rows, threads));
        TRY(adopt(generation, pending.back() + 1));
    }
    const std::size_t count = std::min(pending.size(), kBuildPiece);
    TRY(generation->graph->grow_to(pending[count - 1] + 1));
    // Taken in turns: neighbours in order of rows are inserted at about the same time.
    const std::size_t hands = count < kSmallPiece ? 1 : threads;
    const auto insert = [&](std::size_t begin, std::size_t end) -> Status {
        auto scratch = take_scratch();
        for (std::size_t hand = begin; hand < end; ++hand)
            for (std::size_t i = hand; i < count; i += hands)
                generation->graph->insert(pending[i], original(pending[i]), *scratch);
        give_scratch(std::move(scratch));
        return Ok{};
    };
    TRY(parallel_parts(hands, 1, hands, insert));
    generation->graph_end = pending[count - 1] + 1;
    return count == pending.size();
}

Status VectorIndex::save(ImageSink& sink) const {
    const std::shared_ptr<Generation> generation = current();
    CHECK(generation->graph != nullptr, "there is nothing to save before the graph");
    const Row end = generation->graph_end;
    const std::vector<Row> pivots = generation->graph->pivots();
    const std::array<std::uint32_t, 2> sizes{end, static_cast<std::uint32_t>(pivots.size())};
    TRY(sink.write(bytes_of_values(sizes)));
    TRY(sink.write(bytes_of_values(generation->codes.centre())));
    TRY(sink.write(bytes_of_values(pivots)));
    TRY(write_rows(sink, generation->codes.records(), end));
    TRY(write_rows(sink, generation->codes.bytes(), end));
    return write_rows(sink, generation->graph->links(), end);
}

Status VectorIndex::restore(ImageSource& source) {
    std::array<std::uint32_t, 2> sizes{};
    TRY(source.read(std::as_writable_bytes(std::span(sizes))));
    const Row end = sizes[0];
    if (sizes[1] > end || end >= Row{1} << 31) {
        return Error{ErrorCode::corrupt, "a stored vector graph has impossible sizes"};
    }
    std::vector<float> centre(dimensions());
    std::vector<Row> pivots(sizes[1]);
    TRY(source.read(std::as_writable_bytes(std::span(centre))));
    TRY(source.read(std::as_writable_bytes(std::span(pivots))));
    if (std::ranges::any_of(pivots, [end](Row pivot) { return pivot >= end; })) {
        return Error{ErrorCode::corrupt, "a stored vector graph has impossible pivots"};
    }
    auto generation = std::make_shared<Generation>(rotation_, distance_, std::move(centre));
    generation->graph = std::make_unique<VectorGraph>(generation->codes);
    TRY(read_rows(source, generation->codes.records(), end));
    TRY(read_rows(source, generation->codes.bytes(), end));
    TRY(read_rows(source, generation->graph->links(), end));
    generation->graph->adopt(end, pivots);
    generation->graph_end = end;
    const std::scoped_lock lock(put_mutex_, current_mutex_);
    TRY(originals_.grow_to(end));
    current_ = generation;
    reserved_end_ = end;
    put_end_ = end;
    return Ok{};
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
