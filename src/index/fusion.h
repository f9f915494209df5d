#pragma once

#include <functional>
#include <span>
#include <vector>

#include "index/row_set.h"
#include "index/top_rows.h"

namespace moat::index {

enum class Fusion { ranked, relative_score };

// The result of one search, best first, and its weight in the whole.
struct Leg {
    double weight = 0;
    std::span<const ScoredRow> hits;
};

// Joins legs into one list of the `limit` best, best first.
//   ranked:         sum of weight / (60 + rank), rank from 0
//   relative_score: sum of weight * (score - least) / (greatest - least) within each leg, or of the
//                   weight itself where all scores of the leg are equal
// Equal sums: the greater score in the leg of the greatest weight first, then `id_before`, which
// may be costly and is asked only about rows that are equal in both.
std::vector<ScoredRow> fuse(
    std::span<const Leg> legs,
    Fusion how,
    std::size_t limit,
    const std::function<bool(Row, Row)>& id_before
);

}  // namespace moat::index
