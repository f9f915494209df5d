#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "collections/search.h"
#include "collections/state.h"
#include "index/row_set.h"

namespace moat::collections {

// The first `limit` of the rows by the values of properties; equal ones in order of rows, absent
// values last. Cost: for numbers, booleans and dates, of the columns; for others, of reading the
// objects.
// Errors: invalid_argument (no such property, or one without an order), io, corrupt.
Result<std::vector<Row>> sorted_rows(
    const CollectionState& state,
    const index::RowSet& rows,
    std::span<const Sort> sort,
    std::size_t limit
);

}  // namespace moat::collections
