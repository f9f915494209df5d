#pragma once

#include <memory>

#include "base/result.h"
#include "collections/state.h"

namespace moat::collections {

// What the indexes of a collection need besides the store.
struct IndexPlace {
    VectorPlace vectors;
    std::shared_ptr<ColumnCache> columns;
};

// The state of a collection as the store has it, its log replayed, without vectors.
// Errors: io, corrupt, unsupported.
Result<CollectionState> read_state(KeyValueStore& store, StoredSchema schema);

// The same with its vectors ready.
// Errors: io, corrupt, unsupported.
Result<CollectionState> load_state(
    KeyValueStore& store, StoredSchema schema, const IndexPlace& place
);

// An empty index for a vector that no object had so far. Errors: io.
Status make_vectors(
    const StoredSchema& schema, VectorSlot slot, const IndexPlace& place, VectorField& field
);

}  // namespace moat::collections
