#pragma once

#include <vector>

#include "base/result.h"
#include "collections/object_reader.h"
#include "collections/search.h"
#include "collections/state.h"
#include "index/row_set.h"

namespace moat::collections {

// Counts and statistics over the objects of a state.
//
// Cost: a count alone is one of bits; numbers, booleans and dates of one group come from the
// columns; groups, text and references from reading the objects.
// Errors: invalid_argument (no such property); those of a search.
Result<std::vector<AggregateGroup>> aggregate_rows(
    const CollectionState& state, const SearchContext& context, const AggregateRequest& request
);

}  // namespace moat::collections
