#include "api/weaviate/objects.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "api/weaviate/names.h"
#include "api/weaviate/vectorizer.h"
#include "knowledge/chunk_objects.h"

namespace moat::api::weaviate {
namespace {

using collections::Collection;
using collections::DataType;
using collections::Object;
using collections::Property;
using collections::Schema;

Error no_class(std::string_view name) {
    return Error{
        ErrorCode::not_found, fmt::format("could not find class {} in schema", name.substr(0, 230))
    };
}

void fit_number(const Property& property, json::Value& value) {
    if (value.is_array()) {
        for (json::Value& entry : value.get_array())
            fit_number(property, entry);
        return;
    }
    if (property.type == DataType::object && value.is_object()) {
        for (const Property& inner : property.nested)
            if (json::Value* found = value.get_object().if_contains(inner.name))
                fit_number(inner, *found);
        return;
    }
    constexpr double kMost = 9007199254740992.0;  // every whole number up to here is a double
    if (property.type != DataType::integer || !value.is_double()) return;
    const double number = value.get_double();
    if (number == std::floor(number) && std::abs(number) <= kMost)
        value = static_cast<std::int64_t>(number);
}

// The clients of today leave the class out of a beacon where the property has but one.
void fit_beacons(const Property& property, json::Value& value) {
    if (property.targets.size() != 1 || !value.is_array()) return;
    for (json::Value& entry : value.get_array()) {
        const auto beacon = parse_beacon(text_or(entry, "beacon", ""));
        if (beacon && beacon->class_name.empty())
            entry = json::Object{
                {"beacon", to_text(Beacon{.class_name = property.targets.front(), .id = beacon->id})
                }
            };
    }
}

// A vector without a name is the only one a class names, and "default" is the one without a name.
void fit_vectors(const Schema& schema, Object& object) {
    if (schema.vectors.size() == 1 && !object.vector.empty()) {
        object.vectors.try_emplace(schema.vectors.front().name, std::move(object.vector));
        object.vector.clear();
    }
    const auto unnamed = object.vectors.find("default");
    if (!schema.vectors.empty() || unnamed == object.vectors.end()) return;
    object.vector = std::move(unnamed->second);
    object.vectors.erase(unnamed);
}

}  // namespace

std::string_view indexing_status(const collections::ShardStatus& shard) {
    return shard.waiting_vectors == 0 ? "READY" : "INDEXING";
}

void fit_values(const Schema& schema, Object& object) {
    fit_vectors(schema, object);
    for (const Property& property : schema.properties) {
        json::Value* value = object.properties.if_contains(property.name);
        if (value == nullptr) continue;
        if (property.type == DataType::reference)
            fit_beacons(property, *value);
        else
            fit_number(property, *value);
    }
}

std::vector<Schema> Classes::list(const Principal& who) const {
    std::vector<Schema> schemas = services_.database.schemas(who);
    std::erase_if(schemas, [](const Schema& schema) {
        return knowledge::is_base_collection(schema.name);
    });
    return schemas;
}

Result<std::shared_ptr<Collection>> Classes::open(const Principal& who, std::string_view name)
    const {
    TRY_ASSIGN(const std::string wanted, class_name(name));
    if (knowledge::is_base_collection(wanted)) return no_class(wanted);
    auto found = services_.database.open(who, wanted);
    if (!found && found.error().code == ErrorCode::not_found) return no_class(wanted);
    // An alias must not lead there either.
    if (found && knowledge::is_base_collection((*found)->schema().name)) return no_class(wanted);
    return found;
}

Result<std::shared_ptr<Collection>> Classes::open(
    const Principal& who, std::string_view name, std::string_view tenant, bool for_write
) const {
    TRY_ASSIGN(auto collection, open(who, name));
    const bool tenants = collection->schema().tenancy.enabled;
    if (tenants && tenant.empty())
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("class {} has multi-tenancy enabled, but request was without tenant", name)
        };
    if (!tenants && !tenant.empty())
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("class {} has multi-tenancy disabled, but request was with tenant", name)
        };
    if (!tenants) return collection;
    auto found = collection->tenant(who, tenant, for_write);
    if (!found && found.error().code == ErrorCode::not_found)
        return Error{ErrorCode::invalid_argument, fmt::format("tenant not found: \"{}\"", tenant)};
    if (!found && found.error().code == ErrorCode::conflict)
        return Error{ErrorCode::invalid_argument, fmt::format("tenant not active: '{}'", tenant)};
    return found;
}

Result<std::shared_ptr<Collection>> Classes::open_target(
    const Principal& who, std::string_view name, std::string_view tenant
) const {
    TRY_ASSIGN(auto collection, open(who, name));
    if (!collection->schema().tenancy.enabled) return collection;
    return open(who, name, tenant, false);
}

Status Classes::check_name(std::string_view name) {
    if (!knowledge::is_base_collection(name)) return Ok{};
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("class name {} is reserved for knowledge bases", name)
    };
}

Result<std::shared_ptr<Collection>> Classes::create(const Principal& who, Schema schema) const {
    TRY(check_name(schema.name));
    Vectorizer(services_.embedder).choose_model(schema);
    return services_.database.create(who, schema);
}

Status Classes::drop(const Principal& who, std::string_view name) const {
    const auto found = open(who, name);
    if (!found && found.error().code == ErrorCode::not_found) return Ok{};
    if (!found) return found.error();
    return services_.database.drop(who, (*found)->schema().name);
}

Result<std::shared_ptr<Collection>> Classes::open_or_create(
    const Principal& who, std::string_view name, std::string_view tenant
) const {
    auto found = open(who, name);
    if (!found && found.error().code == ErrorCode::not_found) {
        Schema schema;
        TRY_ASSIGN(schema.name, class_name(name));
        schema.stopwords.english = true;
        schema.wire["vectorizer"] = "none";
        auto made = create(who, std::move(schema));
        // Another request may have made it just now.
        if (!made && made.error().code != ErrorCode::conflict) return made.error();
    }
    return open(who, name, tenant, true);
}

Status Classes::prepare(
    const Principal& who, Collection& collection, Object& object, std::stop_token stop
) const {
    fit_values(collection.schema(), object);
    TRY(collections::fit_schema(collection, who, {&object, 1}));
    Object* const one[] = {&object};
    return Vectorizer(services_.embedder).fill(who, collection.schema(), one, std::move(stop));
}

void Classes::write_group(
    const Principal& who,
    std::span<GivenObject> objects,
    std::span<const std::size_t> places,
    std::span<Status> out,
    std::stop_token stop
) const {
    const auto fail_all = [&](const Error& error) {
        for (const std::size_t place : places)
            if (out[place]) out[place] = error;
    };
    const GivenObject& first = objects[places.front()];
    const auto collection = open_or_create(who, first.class_name, first.tenant);
    if (!collection) return fail_all(collection.error());
    std::vector<Object*> good;
    std::vector<std::size_t> good_places;
    std::unordered_map<Uuid, std::size_t, UuidHash> last;
    for (const std::size_t place : places)
        last[objects[place].object.id] = place;
    for (const std::size_t place : places) {
        Object& object = objects[place].object;
        if (last[object.id] != place) continue;
        fit_values((*collection)->schema(), object);
        out[place] = collections::fit_schema(**collection, who, {&object, 1});
        if (!out[place]) continue;
        good.push_back(&object);
        good_places.push_back(place);
    }
    const Status filled =
        Vectorizer(services_.embedder).fill(who, (*collection)->schema(), good, std::move(stop));
    if (!filled) return fail_all(filled.error());
    collections::WriteBatch batch;
    std::vector<std::size_t> written;
    for (std::size_t i = 0; i < good.size(); ++i) {
        out[good_places[i]] = (*collection)->check(who, *good[i]);
        if (!out[good_places[i]]) continue;
        batch.puts.push_back(*good[i]);
        written.push_back(good_places[i]);
    }
    if (batch.puts.empty()) return;
    if (const Status whole = (*collection)->write(who, std::move(batch)); whole) return;
    // What stands against one of them only together with another is found by writing each alone.
    for (const std::size_t place : written) {
        collections::WriteBatch one;
        one.puts.push_back(objects[place].object);
        out[place] = (*collection)->write(who, std::move(one));
    }
}

std::vector<Status> Classes::write(
    const Principal& who, std::span<GivenObject> objects, std::stop_token stop
) const {
    std::vector<Status> out(objects.size(), Status(Ok{}));
    std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < objects.size(); ++i)
        groups[{objects[i].class_name, objects[i].tenant}].push_back(i);
    for (const auto& [key, places] : groups) {
        for (std::size_t begin = 0; begin < places.size(); begin += collections::kMaxBatchObjects) {
            const std::size_t count =
                std::min(collections::kMaxBatchObjects, places.size() - begin);
            write_group(who, objects, std::span(places).subspan(begin, count), out, stop);
        }
    }
    return out;
}

}  // namespace moat::api::weaviate
