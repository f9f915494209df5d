#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/class_json.h"
#include "api/weaviate/errors.h"
#include "api/weaviate/names.h"
#include "api/weaviate/objects.h"
#include "api/weaviate/route_parts.h"
#include "api/weaviate/routes.h"

namespace moat::api::weaviate {
namespace {

using collections::Schema;

// A class that is not there is told without a body.
Result<std::shared_ptr<collections::Collection>> open(
    const http::Request& request, const Services& services
) {
    return Classes(services).open(request.principal, request.param("class"));
}

Result<http::Response> list_classes(http::Exchange& exchange, const Services& services) {
    std::vector<Schema> schemas = Classes(services).list(exchange.request().principal);
    std::ranges::sort(schemas, {}, &Schema::name);
    json::Array out;
    for (const Schema& schema : schemas)
        out.push_back(class_json(schema));
    return json_response(json::Object{{"classes", std::move(out)}});
}

Result<http::Response> get_class(http::Exchange& exchange, const Services& services) {
    const auto collection = open(exchange.request(), services);
    if (!collection && collection.error().code == ErrorCode::not_found) return empty_response(404);
    if (!collection) return collection.error();
    return json_response(class_json((*collection)->schema()));
}

Result<http::Response> create_class(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const json::Value body, read_json(request));
    TRY_ASSIGN(Schema schema, read_class(body));
    const std::string name = schema.name;
    const auto made = Classes(services).create(request.principal, std::move(schema));
    if (!made && made.error().code == ErrorCode::conflict)
        return Error{ErrorCode::conflict, fmt::format("class name {} already exists", name)};
    if (!made) return made.error();
    return json_response(class_json((*made)->schema()));
}

Result<http::Response> delete_class(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY(Classes(services).drop(request.principal, request.param("class")));
    return empty_response(200);
}

// The members that make a class what it is.
Status check_immutable(const Schema& before, const Schema& after) {
    const auto fixed = [](std::string_view what) {
        return Error{
            ErrorCode::invalid_argument, fmt::format("{} is immutable: it cannot be changed", what)
        };
    };
    if (before.distance != after.distance) return fixed("distance");
    if (vectorizer_of(before, "") != vectorizer_of(after, "") && after.vectors.empty())
        return fixed("vectorizer");
    if (before.tenancy.enabled != after.tenancy.enabled) return fixed("multiTenancyConfig.enabled");
    for (const collections::NamedVector& vector : after.vectors)
        if (const auto* old = before.find_vector(vector.name);
            old != nullptr && old->distance != vector.distance)
            return fixed(fmt::format("distance of vector {}", vector.name));
    return Ok{};
}

// What is noted by the server and not told stays.
void keep_notes(const json::Object& before, json::Object& after) {
    for (const auto& [key, value] : before)
        if (!after.contains(key)) after[key] = value;
}

Result<http::Response> update_class(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    const auto found = open(request, services);
    if (!found && found.error().code == ErrorCode::not_found) return empty_response(404);
    if (!found) return found.error();
    collections::Collection& collection = **found;
    TRY_ASSIGN(const json::Value body, read_json(request));
    TRY_ASSIGN(Schema wanted, read_class(body));
    const Schema before = collection.schema();
    if (wanted.name != before.name)
        return Error{ErrorCode::invalid_argument, "class name is immutable: it cannot be changed"};
    TRY(check_immutable(before, wanted));
    keep_notes(before.wire, wanted.wire);
    for (collections::NamedVector& vector : wanted.vectors) {
        if (const auto* old = before.find_vector(vector.name))
            keep_notes(old->wire, vector.wire);
        else
            TRY(collection.add_vector(request.principal, vector));
    }
    TRY(collection.configure(request.principal, wanted));
    return json_response(class_json(collection.schema()));
}

Result<http::Response> add_property(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    const auto found = open(request, services);
    if (!found && found.error().code == ErrorCode::not_found) return empty_response(404);
    if (!found) return found.error();
    TRY_ASSIGN(const json::Value body, read_json(request));
    TRY_ASSIGN(const collections::Property property, read_property(body));
    TRY((*found)->add_property(request.principal, property));
    return json_response(property_json(property));
}

Result<http::Response> list_shards(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    const auto found = open(request, services);
    if (!found && found.error().code == ErrorCode::not_found) return empty_response(404);
    if (!found) return found.error();
    const std::string only = tenant_in_query(request);
    TRY_ASSIGN(const auto shards, (*found)->shards(request.principal));
    json::Array out;
    for (const collections::ShardStatus& shard : shards) {
        if (!only.empty() && shard.tenant != only) continue;
        out.push_back(json::Object{
            {"name", shard.tenant.empty() ? std::string(kNode) : shard.tenant},
            {"status", indexing_status(shard)},
            {"vectorQueueSize", shard.waiting_vectors},
        });
    }
    return json_response(out);
}

Result<http::Response> update_shard(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    const auto found = open(request, services);
    if (!found && found.error().code == ErrorCode::not_found) return empty_response(404);
    if (!found) return found.error();
    TRY_ASSIGN(const json::Value body, read_json(request));
    if (text_or(body, "status", "") != "READY")
        return Error{
            ErrorCode::unsupported,
            "a shard cannot be made read-only here: READY is all that it can be set to"
        };
    return json_response(json::Object{{"status", "READY"}});
}

}  // namespace

std::vector<http::Route> schema_routes(const Services& services) {
    const auto with = [services](auto handler) -> Answering {
        return
            [services, handler](http::Exchange& exchange) { return handler(exchange, services); };
    };
    return {
        reading("GET", "/v1/schema", with(list_classes)),
        writing("POST", "/v1/schema", with(create_class)),
        reading("GET", "/v1/schema/{class}", with(get_class)),
        writing("PUT", "/v1/schema/{class}", with(update_class)),
        writing("DELETE", "/v1/schema/{class}", with(delete_class)),
        writing("POST", "/v1/schema/{class}/properties", with(add_property)),
        reading("GET", "/v1/schema/{class}/shards", with(list_shards)),
        writing("PUT", "/v1/schema/{class}/shards/{shard}", with(update_shard)),
    };
}

}  // namespace moat::api::weaviate
