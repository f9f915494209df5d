#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "index/candidate_pool.h"
#include "index/row_array.h"
#include "index/row_set.h"
#include "index/vector_codes.h"

namespace moat::index {

// Working memory of one search or insertion. Of one thread at a time.
struct GraphScratch {
    VectorCodes::Query query;
    VectorCodes::Query pair;  // of a row against its fellow candidates
    CandidatePool pool;
    SeenRows seen;
    std::vector<Row> fresh;
    std::vector<float> fresh_scores;
    std::vector<Row> passed;  // rows that a filtered walk looks through
    std::vector<Candidate> found;
};

// A proximity graph over coded vectors: every row has up to 64 links to rows near it, chosen so
// that they lie in different directions. A search walks from the nearest of a few hundred pivots,
// always on from the best row not yet visited, until the best `effort` rows have all been visited.
//
// One layer instead of HNSW's several: the pivots, which are scanned, stand in for the upper ones.
// A row that is removed keeps its links as long as others lead to it, so that walks which are under
// way, and lists that were not repaired, do not end in it; it is only no longer an answer.
//
// Source: the choice of links is that of HNSW (Malkov and Yashunin 2016, algorithm 4); a filtered
// walk is that of ACORN-1 (Patel and others, SIGMOD 2024).
//
// Threads: any number insert, repair and walk beside each other. A walk sees links as they are at
// that moment; rows must be coded before they are inserted. Borrows: the codes.
class VectorGraph {
  public:
    static constexpr std::size_t kMaxLinks = 64;
    static constexpr std::size_t kNewLinks = 32;

    explicit VectorGraph(
        const VectorCodes& codes,
        std::unique_ptr<ChunkSource> links = std::make_unique<MemoryChunks>()
    );

    // The same links over other codes of the same rows: what either does to them, both have.
    VectorGraph(const VectorCodes& codes, const VectorGraph& same);

    // Room for rows [0, end). One thread.
    Status grow_to(Row end);
    // `vector` is what the row was coded from; links are made to rows not in `gone`. REQUIRES: row
    // coded, and not inserted before.
    void insert(Row row, std::span<const float> vector, const RowSet& gone, GraphScratch& scratch);
    // Leads the links of a row to rows of `gone` on to what lies behind them.
    void repair(Row row, const RowSet& gone, GraphScratch& scratch);
    // Rows that nothing leads to any longer lose their links. One thread.
    void forget(const RowSet& rows);
    // And their memory.
    void release(const RowSet& rows) { links_.rows.release(rows); }
    // The rows a row has links to, as they are at the moment.
    void links_of(Row row, std::vector<Row>& out) const;

    // Leaves in scratch.pool the best `effort` rows it saw for scratch.query.
    void walk(GraphScratch& scratch, std::size_t effort) const;
    // The same over rows of `wanted`, looking through the others; a few others may be among them.
    void walk_among(GraphScratch& scratch, std::size_t effort, const RowSet& wanted) const;

    // Walks start at rows spread evenly over `members`, which are in the graph or, when it is
    // empty, about to be inserted. One thread. Cost: a pass over the set.
    void choose_pivots(const RowSet& members);

    // For storing. adopt() takes over the links of rows below `end` as their source has them,
    // whatever they are: a walk does not follow links to where there is no row.
    const RowArray& links() const { return links_.rows; }
    Status adopt(Row end);
    // Copies the links elsewhere. Beside walks; the builder.
    Status move_links(std::unique_ptr<ChunkSource> to) {
        return links_.rows.move_to(std::move(to));
    }

  private:
    using Link = std::uint32_t;
    // Too few of them, and walks end in the wrong cluster; each costs every search 10 ns.
    static constexpr std::size_t kRowsPerPivot = 512;
    static constexpr std::size_t kLeastPivots = 256;
    static constexpr std::size_t kMostPivots = 4096;
    static constexpr std::size_t kBuildEffort = 128;
    static constexpr std::size_t kLocks = 4096;

    std::atomic_ref<Link> link(Row row, std::size_t i) const {
        return std::atomic_ref<Link>(links_.rows.at<Link>(row)[i]);
    }
    void prefetch_links(Row row) const;
    void start(GraphScratch& scratch, std::size_t effort) const;
    template <class Gather>
    void walk_on(GraphScratch& scratch, Gather gather) const;
    void gather(GraphScratch& scratch, Row row) const;
    void gather_among(GraphScratch& scratch, Row row, const RowSet& wanted) const;
    // Adds to `kept`, up to `limit`, the candidates that none of it stands before.
    void add_diverse(
        GraphScratch& scratch,
        Row row,
        std::vector<Candidate>& kept,
        std::span<const Candidate> from,
        std::size_t limit
    ) const;
    std::vector<Candidate> live_rows_behind(GraphScratch& scratch, Row row, const RowSet& gone)
        const;
    void score_from(GraphScratch& scratch, Row row, std::vector<Candidate>& candidates) const;
    void store_links(Row row, std::span<const Candidate> chosen);
    void link_back(GraphScratch& scratch, Row from, Row to);

    struct Links {
        explicit Links(std::unique_ptr<ChunkSource> source)
            : rows(kMaxLinks * sizeof(Link), std::move(source)) {}

        RowArray rows;             // kMaxLinks each, ended by kNoRow when fewer
        std::atomic<Row> end = 0;  // rows below have links, if only none, and codes
        std::vector<std::mutex> locks{kLocks};
        std::mutex pivot_mutex;
        std::shared_ptr<const std::vector<Row>> pivots =
            std::make_shared<const std::vector<Row>>();  // guarded by pivot_mutex
    };

    const VectorCodes& codes_;
    const std::shared_ptr<Links> shared_links_;
    Links& links_;
};

}  // namespace moat::index
