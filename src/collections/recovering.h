#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "collections/collection.h"
#include "collections/key_value_store.h"
#include "collections/stored_schema.h"
#include "index/tokenizer.h"

namespace moat::collections {

// What recovering needs of a database that is being opened.
struct RecoveryTools {
    KeyValueStore& store;
    const index::Tokenizer& tokenizer;
    std::function<Result<CollectionNumber>(std::size_t count)> take_numbers;
    std::function<Status(CollectionNumber)> remove_files;
};

// Makes anew every collection and tenant of which the store lost a part (rebuilding.h), under a new
// number; then the store's losses are settled. Killed meanwhile, it begins again with the next one.
// Nothing to do is the common case, and costs nothing. Errors: io, corrupt.
Result<std::vector<Damage>> recover_collections(
    const RecoveryTools& tools, std::map<std::string, StoredSchema>& schemas
);

}  // namespace moat::collections
