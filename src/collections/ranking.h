#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "collections/object_reader.h"
#include "collections/search.h"
#include "index/distance.h"
#include "index/top_rows.h"

// What is done to hits once they are ranked. Threads: any; nothing here keeps state.
namespace moat::collections {

// How many of the values, which rise or fall, come before the `jumps`-th jump. A jump is a place
// where the curve, both axes scaled to [0, 1], is farther above the diagonal than at both sides.
std::size_t cut_at_jumps(std::span<const double> values, std::size_t jumps);

// The hits sorted by their properties, stably.
void sort_hits(std::vector<SearchHit>& hits, std::span<const Sort> sort);

// Groups the hits of `result`, and keeps those that are in a group.
void group_hits(const GroupBy& group_by, SearchResult& result);

// `limit` of the candidates by maximal marginal relevance, in the order picked.
// REQUIRES: a vector for each, all of one size.
std::vector<index::ScoredRow> diversify(
    std::span<const index::ScoredRow> candidates,
    std::span<const std::vector<float>> vectors,
    index::Distance distance,
    float lambda,
    std::size_t limit
);

}  // namespace moat::collections
