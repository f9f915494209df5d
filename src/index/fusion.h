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

// Joins legs into one list, best first.
//   ranked:         sum of weight / (60 + rank), rank from 0
//   relative_score: sum of weight * (score - least) / (greatest - least) within each leg, or of the
//                   weight itself where all scores of the leg are equal
// Equal sums: the greater score in the leg of the greatest weight first, then `id_before`.
std::vector<ScoredRow> fuse(
    std::span<const Leg> legs, Fusion how, const std::function<bool(Row, Row)>& id_before
);

}  // namespace moat::index
