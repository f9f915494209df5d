#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
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

// Where the image of a graph is stored to, front to back. Errors: io.
class ImageSink {
  public:
    virtual ~ImageSink() = default;
    virtual Status write(BytesView bytes) = 0;
};
// Memory that holds an image, from the start of a page on: a mapped file, say. It is written to,
// which must not change what is stored.
class ImageMemory {
  public:
    virtual ~ImageMemory() = default;
    virtual std::span<std::byte> bytes() = 0;
};

struct VectorIndexOptions {
    std::size_t graph_rows = 20'000;  // fewer rows are scanned, which is as fast and exact
    std::size_t scan_rows =
        5'000;  // up to so many allowed ones, or one in 100, are scanned as well
    // Of a value's code; nothing: eight while those of all vectors take no more than
    // eight_bit_bytes, then four, which cost more rescoring.
    std::optional<CodeWidth> code_width = std::nullopt;
    std::size_t eight_bit_bytes = std::size_t{1} << 30;
    // Where codes and graph are.
    MakeChunkSource memory = [] { return std::make_unique<MemoryChunks>(); };
};

// Nearest neighbours among numbered vectors.
//
// A search ranks by short codes and scores the best of them again by the vectors themselves. Few
// allowed rows, and those that build() has not come to yet, are scanned; the others are found
// by a walk over a graph, which there is from options.graph_rows rows on: a plain one when most
// rows are allowed, else one that looks through the others.
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

    // Makes the graph one of `rows`, all put before: some thousands at a call, by up to `threads`
    // threads, are taken out, and what led to them repaired, or brought in. True when all is done.
    // A row that was taken out does not come back. Errors: too_large (memory).
    Result<bool> build(const RowSet& rows, std::size_t threads);
    // Forgets codes and graph, and makes those of `rows` anew: codes at once, the graph by build().
    // Builder. Errors: too_large (memory).
    Status start_over(const RowSet& rows, std::size_t threads);
    // Rows below this need no scan.
    Row graph_end() const;
    CodeWidth code_width() const;

    // Writes the codes and the graph of the rows below graph_end(), not the vectors. Builder.
    Status save(ImageSink& sink) const;
    // Makes a new index of what save() wrote, its vectors being in `originals` already; then put()
    // goes on at graph_end(). The image stays in use; it is looked at as it is needed, and whatever
    // it holds, no harm comes of it but that neighbours are missed. Cost: a few ms, whatever its
    // size. On an error the index is of no use. Errors: corrupt, too_large, io.
    Status restore(std::shared_ptr<ImageMemory> image);

  private:
    struct Generation;
    struct Wanted;

    std::shared_ptr<Generation> current() const;
    std::span<const float> original(Row row) const;
    float distance_to(const float* query, Row row) const;
    std::vector<float> normalised(std::span<const float> vector) const;

    CodeWidth width_for(std::size_t rows) const;
    // Where the rows end.
    Result<Row> code_rows(Generation& generation, const RowSet& rows, std::size_t threads) const;
    VectorCodes::Frame learn_frame(const RowSet& rows) const;
    // Codes of another width, and the same graph.
    Status recode(Generation& former, CodeWidth width, const RowSet& rows, std::size_t threads);
    Status adopt(const std::shared_ptr<Generation>& generation, Row coded_end);
    Status take_over(std::shared_ptr<Generation> generation, Row rows);
    Result<bool> bring_in(Generation& generation, const RowSet& rows, std::size_t threads);
    Result<bool> take_out(Generation& generation, const RowSet& rows, std::size_t threads);
    Status repair_around(Generation& generation, std::span<const Row> rows, std::size_t threads);
    Result<bool> sweep(Generation& generation, std::size_t threads);

    // Each leaves candidates in scratch.found.
    void find_in_graph(const Generation& generation, const Wanted& wanted, GraphScratch& scratch)
        const;
    void scan(const Generation& generation, const Wanted& wanted, Row begin, GraphScratch& scratch)
        const;
    std::vector<ScoredRow> scan_exactly(const RowSet& allowed, const VectorSearch& search) const;
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
