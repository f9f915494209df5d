// How the schema of a collection changes: StoredCollection's methods for it.
#include <algorithm>

#include <fmt/format.h>

#include "collections/stored_collection.h"
#include "collections/stored_object.h"

namespace moat::collections {
namespace {

Error no_property(const StoredSchema& schema, std::string_view name) {
    return {
        ErrorCode::not_found,
        fmt::format("collection '{}' has no property '{}'", schema.schema.name, name)
    };
}

bool same_shape(const Property& a, const Property& b) {
    return a.name == b.name && same_index(a, b) && a.targets == b.targets &&
           std::ranges::equal(a.nested, b.nested, same_shape);
}

}  // namespace

Status StoredCollection::change_schema_locked(const ChangeSchema& change) {
    CollectionState state = *current();
    const std::string former_name = state.schema->schema.name;
    StoredSchema schema = *state.schema;
    TRY(change(schema));
    TRY(validate(schema.schema));
    const auto changes = environment_.store.new_batch();
    changes->put(Space::catalog, schema_key(schema.schema.name), schema.to_json());
    if (schema.schema.name != former_name) {
        changes->remove(Space::catalog, schema_key(former_name));
    }
    TRY(environment_.store.commit(*changes, Durability::synced));
    state.schema = std::make_shared<const StoredSchema>(std::move(schema));
    drop_former_vectors(state);
    state.snapshot = environment_.store.snapshot();
    publish(std::move(state));
    return Ok{};
}

Status StoredCollection::change_schema(const ChangeSchema& change) {
    const std::scoped_lock lock(write_mutex_);
    return change_schema_locked(change);
}

Status StoredCollection::add_property(const Principal& who, const Property& property) {
    TRY(readable(who));
    TRY(validate(property));
    const std::scoped_lock lock(write_mutex_);
    if (const Property* existing = current()->schema->schema.find(property.name)) {
        if (same_shape(*existing, property)) return Ok{};
        return Error{
            ErrorCode::conflict,
            fmt::format("property '{}' exists already and is another", property.name)
        };
    }
    return change_schema_locked([&](StoredSchema& schema) { return schema.add(property); });
}

Status StoredCollection::rename_property(
    const Principal& who, std::string_view from, const std::string& to
) {
    TRY(readable(who));
    return change_schema([&](StoredSchema& schema) -> Status {
        const auto place = schema.find(from);
        if (!place) return no_property(schema, from);
        if (from == to) return Ok{};
        if (schema.find(to)) {
            return Error{ErrorCode::conflict, fmt::format("a property '{}' exists already", to)};
        }
        schema.schema.properties[*place].name = to;
        for (StoredSchema::Change& change : schema.changes) {
            if (change.changed.name == from) change.changed.name = to;
        }
        if (schema.schema.ttl && schema.schema.ttl->property == from) {
            schema.schema.ttl->property = to;
        }
        return Ok{};
    });
}

Status StoredCollection::drop_property(const Principal& who, std::string_view name) {
    TRY(readable(who));
    TRY(change_schema([&](StoredSchema& schema) -> Status {
        const auto place = schema.find(name);
        if (!place) return no_property(schema, name);
        const auto at = static_cast<std::ptrdiff_t>(*place);
        schema.former_keys.insert(schema.fields[*place].key);
        schema.former_numbers.push_back(schema.fields[*place].number);
        std::erase_if(schema.changes, [&](const StoredSchema::Change& change) {
            if (change.changed.name != name) return false;
            schema.former_numbers.push_back(change.number);
            return true;
        });
        schema.fields.erase(schema.fields.begin() + at);
        schema.schema.properties.erase(schema.schema.properties.begin() + at);
        return Ok{};
    }));
    // What the index holds of it is thrown away in the background.
    if (environment_.needs_care) environment_.needs_care(*this);
    return Ok{};
}

Status StoredCollection::change_property(const Principal& who, const Property& changed) {
    TRY(readable(who));
    TRY(validate(changed));
    TRY(change_schema([&](StoredSchema& schema) -> Status {
        const auto place = schema.find(changed.name);
        if (!place) return no_property(schema, changed.name);
        if (schema.change_of(changed.name) != nullptr) {
            return Error{
                ErrorCode::conflict,
                fmt::format("property '{}' is being changed already", changed.name)
            };
        }
        Property& property = schema.schema.properties[*place];
        if (same_index(property, changed)) {
            property = changed;
            return Ok{};
        }
        if (!is_convertible(property, changed)) {
            return Error{
                ErrorCode::unsupported,
                fmt::format(
                    "property '{}' cannot be turned from {} into {}",
                    changed.name,
                    to_string(property.type),
                    to_string(changed.type)
                )
            };
        }
        TRY_ASSIGN(const PropertyNumber number, schema.take_number());
        schema.changes.push_back({changed, number, current()->next_row});
        return Ok{};
    }));
    const std::scoped_lock lock(failures_mutex_);
    failures_.erase(changed.name);
    if (environment_.needs_care) environment_.needs_care(*this);
    return Ok{};
}

std::vector<PropertyChange> StoredCollection::changes() const {
    const auto state = current();
    std::vector<PropertyChange> out;
    for (const StoredSchema::Change& change : state->schema->changes) {
        out.push_back({change.changed.name, reindexed_, state->live->count(0, change.end)});
    }
    const std::scoped_lock lock(failures_mutex_);
    for (const auto& [property, why] : failures_)
        out.push_back({property, 0, 0, why});
    return out;
}

Status StoredCollection::configure(const Principal& who, const Schema& wanted) {
    TRY(readable(who));
    return change_schema([&](StoredSchema& stored) -> Status {
        Schema& schema = stored.schema;
        schema.description = wanted.description;
        schema.bm25 = wanted.bm25;
        schema.stopwords = wanted.stopwords;
        schema.ttl = wanted.ttl;
        schema.tenancy.create_on_write = wanted.tenancy.create_on_write;
        schema.tenancy.activate_on_use = wanted.tenancy.activate_on_use;
        schema.wire = wanted.wire;
        schema.code_width = wanted.code_width;
        for (NamedVector& vector : schema.vectors) {
            const NamedVector* other = wanted.find_vector(vector.name);
            if (other == nullptr) continue;
            vector.wire = other->wire;
            vector.code_width = other->code_width;
        }
        for (Property& property : schema.properties) {
            const Property* other = wanted.find(property.name);
            if (other == nullptr) continue;
            property.description = other->description;
            property.wire = other->wire;
        }
        return Ok{};
    });
}

Status StoredCollection::add_vector(const Principal& who, const NamedVector& vector) {
    TRY(readable(who));
    return change_schema([&](StoredSchema& schema) -> Status {
        if (schema.schema.find_vector(vector.name) != nullptr) {
            return Error{
                ErrorCode::conflict,
                fmt::format(
                    "collection '{}' has a vector '{}' already", schema.schema.name, vector.name
                )
            };
        }
        schema.add_vector(vector);
        return Ok{};
    });
}

Status StoredCollection::drop_vector(const Principal& who, std::string_view name) {
    TRY(readable(who));
    TRY(change_schema([&](StoredSchema& schema) -> Status {
        if (schema.drop_vector(name)) return Ok{};
        return Error{
            ErrorCode::not_found,
            fmt::format("collection '{}' has no vector '{}'", schema.schema.name, name)
        };
    }));
    if (environment_.needs_care) environment_.needs_care(*this);
    return Ok{};
}

Status StoredCollection::rename(const std::string& name) {
    return change_schema([&](StoredSchema& schema) -> Status {
        schema.schema.name = name;
        return Ok{};
    });
}

Status StoredCollection::adopt(const StoredSchema& schema) {
    const std::scoped_lock lock(write_mutex_);
    CollectionState state = *current();
    StoredSchema own = schema;
    own.number = state.schema->number;
    state.schema = std::make_shared<const StoredSchema>(std::move(own));
    drop_former_vectors(state);
    publish(std::move(state));
    return Ok{};
}

}  // namespace moat::collections
