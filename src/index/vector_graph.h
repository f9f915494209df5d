#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/result.h"
#include "index/row_array.h"
#include "index/row_set.h"
#include "index/vector_codes.h"

namespace moat::index {

// Working memory of one search or insertion. Of one thread at a time.
struct GraphScratch {
    struct Candidate {
        float score;
        Row row;
    };

    VectorCodes::Query query;
    VectorCodes::Query pair;          // of a row against its fellow candidates
    std::vector<std::uint16_t> seen;  // by row: the round that saw it last
    std::uint16_t round = 0;
    std::vector<float> pool_scores;  // falling
    std::vector<Row> pool_rows;      // the top bit: expanded
    std::vector<Row> fresh;
    std::vector<float> fresh_scores;
    std::vector<Candidate> found;  // what walk() leaves, best first
};

// A proximity graph over coded vectors: every row has up to 64 links to rows near it, chosen so
// that they lie in different directions. A search walks from the nearest of a few hundred pivots,
// always on from the best row not yet visited, until the best `effort` rows have all been visited.
//
// One layer instead of HNSW's several: the pivots, which are scanned, stand in for the upper ones.
// Source: the choice of links is that of HNSW (Malkov and Yashunin 2016, algorithm 4).
//
// Threads: any number insert and walk beside each other. A walk sees links as they are at that
// moment; rows must be coded before they are inserted. Borrows: the codes.
class VectorGraph {
  public:
    static constexpr std::size_t kMaxLinks = 64;
    static constexpr std::size_t kNewLinks = 32;

    explicit VectorGraph(const VectorCodes& codes);

    // Room for rows [0, end). One thread.
    Status grow_to(Row end);
    // `vector` is what the row was coded from. REQUIRES: row coded, and not inserted before.
    void insert(Row row, std::span<const float> vector, GraphScratch& scratch);

    // Leaves in scratch.found the best of what it saw for scratch.query: `effort` rows at most or,
    // when `wanted` is given, the best `keep` rows of it.
    void walk(GraphScratch& scratch, std::size_t effort, const RowSet* wanted, std::size_t keep)
        const;

    // For storing. After links() were filled from outside, adopt() takes them over: links to rows
    // from `end` on are dropped.
    RowArray& links() { return links_; }
    std::vector<Row> pivots() const;
    void adopt(Row end, std::span<const Row> pivots);

  private:
    using Link = std::uint32_t;
    static constexpr std::size_t kMaxPivots = 1024;
    static constexpr std::size_t kBuildEffort = 128;
    static constexpr std::size_t kLocks = 4096;

    std::atomic_ref<Link> link(Row row, std::size_t i) const {
        return std::atomic_ref<Link>(links_.at<Link>(row)[i]);
    }
    void start(GraphScratch& scratch, std::size_t effort) const;
    std::size_t pool_insert(GraphScratch& scratch, std::size_t effort, float score, Row row) const;
    void gather_fresh(GraphScratch& scratch, Row row) const;
    void select(
        GraphScratch& scratch,
        std::vector<GraphScratch::Candidate>& from,
        Row row,
        std::size_t limit
    ) const;
    void link_back(GraphScratch& scratch, Row from, Row to);
    void add_pivot(Row row);

    const VectorCodes& codes_;
    RowArray links_;  // kMaxLinks each, ended by kNoRow when fewer
    Row linked_ = 0;  // rows whose links are set to none; of the growing thread
    std::vector<std::mutex> locks_;

    mutable std::mutex pivot_mutex_;
    std::shared_ptr<const std::vector<Row>> pivots_;  // guarded by pivot_mutex_
    Row pivot_step_ = 1;                              // guarded by pivot_mutex_
};

}  // namespace moat::index
