#include "knowledge/base_collections.h"

#include <algorithm>
#include <iterator>

#include "access/policy.h"
#include "knowledge/chunk_objects.h"

namespace moat::knowledge {
namespace {

using collections::Collection;
using collections::Object;

constexpr std::size_t kPage = 1000;

}  // namespace

bool has_property(const collections::Schema& schema, std::string_view name) {
    return std::ranges::find(schema.properties, name, &collections::Property::name) !=
           schema.properties.end();
}

Result<std::shared_ptr<Collection>> BaseCollections::find(const std::string& base) {
    auto found = database_.open(access::system_principal(), collection_name(base));
    if (!found && found.error().code == ErrorCode::not_found) return std::shared_ptr<Collection>();
    return found;
}

Result<std::shared_ptr<Collection>> BaseCollections::open(
    const std::string& base, const std::vector<collections::Property>& properties
) {
    const std::lock_guard lock(schema_mutex_);
    TRY_ASSIGN(std::shared_ptr<Collection> collection, find(base));
    if (!collection) {
        TRY_ASSIGN(collection, database_.create(access::system_principal(), chunk_schema(base)));
    }
    const collections::Schema schema = collection->schema();
    std::vector<collections::Property> missing;
    for (const collections::Property& property : properties)
        if (!has_property(schema, property.name)) missing.push_back(property);
    const std::size_t room = collections::kMaxProperties -
                             std::min(collections::kMaxProperties, schema.properties.size());
    if (missing.size() > room) missing.resize(room);
    for (const collections::Property& property : missing)
        TRY(collection->add_property(access::system_principal(), property));
    return collection;
}

Status BaseCollections::drop(const std::string& base) {
    return database_.drop(access::system_principal(), collection_name(base));
}

Result<std::vector<Object>> BaseCollections::chunks(
    const std::string& base, const std::string& document, bool with_vectors
) {
    std::vector<Object> objects;
    TRY_ASSIGN(const auto collection, find(base));
    if (!collection) return objects;
    std::optional<Uuid> after;
    while (true) {
        TRY_ASSIGN(
            std::vector<Object> page,
            collection->list(
                access::system_principal(),
                {.after = after,
                 .limit = kPage,
                 .filter = of_document(document),
                 .with_vector = with_vectors}
            )
        );
        const bool last = page.size() < kPage;
        std::ranges::move(page, std::back_inserter(objects));
        if (last) return objects;
        after = objects.back().id;
    }
}

Status BaseCollections::remove_chunks(const std::string& base, const std::string& document) {
    TRY_ASSIGN(const auto collection, find(base));
    if (!collection) return Ok{};
    TRY_ASSIGN(const std::vector<Object> objects, chunks(base, document, false));
    if (objects.empty()) return Ok{};
    collections::WriteBatch batch;
    for (const Object& object : objects)
        batch.removes.push_back(object.id);
    return collection->write(access::system_principal(), std::move(batch));
}

}  // namespace moat::knowledge
