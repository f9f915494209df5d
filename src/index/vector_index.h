#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "index/row_array.h"
#include "index/row_set.h"
#include "index/top_rows.h"

namespace moat::index {

enum class Distance {
    cosine,      // 1 - cos
    dot,         // -(a . b)
    l2_squared,  // |a - b|^2
};

// Nearest neighbours among numbered vectors.
//
// Threads: one writer, any number of readers beside it, none waiting for the other.
// Owns: the vectors.
class VectorIndex {
  public:
    VectorIndex(std::size_t dimensions, Distance distance, std::unique_ptr<ChunkSource> originals);

    std::size_t dimensions() const { return dimensions_; }
    Distance distance() const { return distance_; }

    // Room for rows [0, end), after which put() cannot fail. Writer only. Errors: io, too_large.
    Status reserve(Row end);
    // Writer only; a row is put once. REQUIRES: row reserved, vector of the right dimension.
    void put(Row row, std::span<const float> vector);

    // The `limit` nearest of the rows in `allowed`, best first; score is minus the distance.
    // Rows of `allowed` must have been put before the caller learnt of them.
    std::vector<ScoredRow> search(
        std::span<const float> query, std::size_t limit, const RowSet& allowed
    ) const;

  private:
    float distance_to(const float* query, Row row) const;

    const std::size_t dimensions_;
    const Distance distance_;
    RowArray originals_;  // normalised for cosine
};

}  // namespace moat::index
