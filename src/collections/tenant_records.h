#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/key_value_store.h"
#include "collections/keys.h"

// How the tenants of a collection stand in the catalog (docs/formats/collections.md): a key for
// each, with its collection number and whether it is active.
namespace moat::collections {

struct TenantRecord {
    std::string name;
    CollectionNumber number = 0;
    bool active = true;
};

// What the keys of a collection's tenants begin with.
std::string tenants_key(CollectionNumber collection);
std::string tenant_key(CollectionNumber collection, std::string_view tenant);
// All keys of tenants lie in [tenants_key(), end_of_tenants()).
std::string end_of_tenants(CollectionNumber collection);
std::string encode_tenant(CollectionNumber number, bool active);

// By name. Errors: io, corrupt.
Result<std::vector<TenantRecord>> read_tenants(
    const KeyValueSnapshot& snapshot, CollectionNumber collection
);

}  // namespace moat::collections
