#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "index/distance.h"
#include "index/rotation.h"
#include "index/row_array.h"
#include "index/row_set.h"
#include "index/top_rows.h"
#include "index/vector_codes.h"
#include "index/vector_graph.h"

namespace moat::index {

struct VectorSearch {
    std::span<const float> query;
    std::size_t limit = 10;
    const RowSet* allowed = nullptr;  // rows that were put before the caller learnt of them
    std::size_t effort = 0;           // rows the walk keeps in view; 0: 8 * limit, from 100 to 500
};

// Where an index is stored to and restored from, front to back. Errors: io, corrupt.
class ImageSink {
  public:
    virtual ~ImageSink() = default;
    virtual Status write(BytesView bytes) = 0;
};
class ImageSource {
  public:
    virtual ~ImageSource() = default;
    virtual Status read(std::span<std::byte> bytes) = 0;
};

struct VectorIndexOptions {
    std::size_t graph_rows = 20'000;  // fewer rows are scanned, which is as fast and exact
};

// Nearest neighbours among numbered vectors.
//
// A search ranks by short codes and scores the best of them again by the vectors themselves. Few
// allowed rows, and those that build() has not come to yet, are scanned; the others are found
// by a walk over a graph, which there is from options.graph_rows rows on.
//
// Threads: one writer (reserve, put), one builder (build), any number of readers, none waiting for
// another. Owns: the vectors, in `originals`.
class VectorIndex {
  public:
    VectorIndex(
        std::size_t dimensions,
        Distance distance,
        std::unique_ptr<ChunkSource> originals,
        const VectorIndexOptions& options = {}
    );
    ~VectorIndex();

    std::size_t dimensions() const { return rotation_.dimensions(); }
    Distance distance() const { return distance_; }

    // Room for rows [0, end), after which put() cannot fail. Writer. Errors: io, too_large.
    Status reserve(Row end);
    // Writer; rising rows, each once. REQUIRES: row reserved, vector of the right dimension.
    void put(Row row, std::span<const float> vector);

    // Best first; score is minus the distance.
    std::vector<ScoredRow> search(const VectorSearch& search) const;

    // Brings rows of `rows`, all put before, into the graph: some thousands at a call, by up to
    // `threads` threads. True when all are in. Errors: too_large (memory).
    Result<bool> build(const RowSet& rows, std::size_t threads);
    // Rows below this need no scan.
    Row graph_end() const;

    // Writes the codes and the graph of the rows below graph_end(), not the vectors. Builder.
    Status save(ImageSink& sink) const;
    // Fills a new index from what save() wrote, its vectors being in `originals` already; then
    // put() goes on at graph_end(). On an error the index is of no use. Errors: corrupt, too_large.
    Status restore(ImageSource& source);

  private:
    struct Generation;
    struct Estimated;

    std::shared_ptr<Generation> current() const;
    std::span<const float> original(Row row) const;
    float distance_to(const float* query, Row row) const;
    std::vector<float> normalised(std::span<const float> vector) const;

    Result<std::shared_ptr<Generation>> make_centred(const RowSet& rows, std::size_t threads) const;
    Status adopt(const std::shared_ptr<Generation>& generation, Row coded_end);
    void scan(
        const Generation& generation,
        const RowSet& allowed,
        Row begin,
        Row end,
        std::size_t keep,
        GraphScratch& scratch
    ) const;
    std::vector<ScoredRow> rescore(
        const Generation& generation,
        std::span<const float> query,
        std::size_t limit,
        GraphScratch& scratch
    ) const;

    std::unique_ptr<GraphScratch> take_scratch() const;
    void give_scratch(std::unique_ptr<GraphScratch> scratch) const;

    const Rotation rotation_;
    const Distance distance_;
    const VectorIndexOptions options_;
    RowArray originals_;  // normalised for cosine

    mutable std::mutex put_mutex_;  // writer, and the builder while it changes the generation
    Row reserved_end_ = 0;          // guarded by put_mutex_
    Row put_end_ = 0;               // guarded by put_mutex_

    mutable std::mutex current_mutex_;
    std::shared_ptr<Generation> current_;  // guarded by current_mutex_

    mutable std::mutex scratch_mutex_;
    mutable std::vector<std::unique_ptr<GraphScratch>> scratches_;  // guarded by scratch_mutex_
};

}  // namespace moat::index
