#include "collections/tenant_records.h"

#include "base/bytes.h"

namespace moat::collections {
namespace {

constexpr std::size_t kNumberBytes = 4;

}  // namespace

std::string tenants_key(CollectionNumber collection) {
    return "tenant/" + collection_prefix(collection);
}

std::string tenant_key(CollectionNumber collection, std::string_view tenant) {
    return tenants_key(collection) + std::string(tenant);
}

// Names are ASCII, so this is past them also where the number ends in 0xFF.
std::string end_of_tenants(CollectionNumber collection) {
    return tenants_key(collection) + '\xFF';
}

std::string encode_tenant(CollectionNumber number, bool active) {
    std::string value;
    put_big_endian(value, number, kNumberBytes);
    value.push_back(active ? 1 : 0);
    return value;
}

Result<std::vector<TenantRecord>> read_tenants(
    const KeyValueSnapshot& snapshot, CollectionNumber collection
) {
    const std::string begin = tenants_key(collection);
    std::vector<TenantRecord> tenants;
    const auto cursor = snapshot.cursor(Space::catalog, begin, end_of_tenants(collection));
    for (; cursor->valid(); cursor->next()) {
        const std::string_view value = cursor->value();
        if (value.size() != kNumberBytes + 1) {
            return Error{ErrorCode::corrupt, "a stored tenant does not hold together"};
        }
        tenants.push_back(
            {std::string(cursor->key().substr(begin.size())),
             static_cast<CollectionNumber>(big_endian_of(value.substr(0, kNumberBytes))),
             value.back() != 0}
        );
    }
    TRY(cursor->status());
    return tenants;
}

}  // namespace moat::collections
