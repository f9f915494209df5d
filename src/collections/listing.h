#pragma once

#include <vector>

#include "base/result.h"
#include "collections/search.h"
#include "collections/state.h"
#include "index/row_set.h"

namespace moat::collections {

// The objects of the rows which a request asks for, as Collection::list() says.
// Errors: invalid_argument (what cannot be sorted by), io, corrupt.
Result<std::vector<Object>> list_rows(
    const CollectionState& state, const index::RowSet& rows, const ListRequest& request
);

}  // namespace moat::collections
