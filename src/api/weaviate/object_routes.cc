#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/errors.h"
#include "api/weaviate/names.h"
#include "api/weaviate/objects.h"
#include "api/weaviate/route_parts.h"
#include "api/weaviate/routes.h"
#include "api/weaviate/search.h"
#include "api/weaviate/vectorizer.h"
#include "api/weaviate/where.h"

namespace moat::api::weaviate {
namespace {

using collections::Collection;
using collections::Object;
using http::Request;
using http::Response;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

bool includes(const Request& request, std::string_view what) {
    return request.query_value("include").value_or("").find(what) != std::string::npos;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        out.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return out;
}

// An object of which the path names the class, or only the id.
struct Place {
    std::shared_ptr<Collection> collection;
    Uuid id;
    std::string tenant;
};

// Without a collection where the path has no class and no class has the object.
Result<Place> find_place(const Request& request, const Services& services, bool for_write) {
    const Classes classes(services);
    Place place;
    TRY_ASSIGN(place.id, id_in_path(request));
    place.tenant = tenant_in_query(request);
    if (const std::string name = request.param("class"); !name.empty()) {
        TRY_ASSIGN(
            place.collection, classes.open(request.principal, name, place.tenant, for_write)
        );
        return place;
    }
    for (const collections::Schema& schema : classes.list(request.principal)) {
        if (schema.tenancy.enabled) continue;  // needs the class named
        const auto collection = classes.open(request.principal, schema.name);
        if (!collection || !(*collection)->get(request.principal, place.id, false)) continue;
        place.collection = *collection;
        return place;
    }
    return place;
}

Result<Response> get_object(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    const auto place = find_place(request, services, false);
    if (!place && place.error().code == ErrorCode::not_found) return empty_response(404);
    if (!place) return place.error();
    if (!place->collection) return empty_response(404);
    const bool with_vector = includes(request, "vector");
    const auto object = place->collection->get(request.principal, place->id, with_vector);
    if (!object && object.error().code == ErrorCode::not_found) return empty_response(404);
    if (!object) return object.error();
    return json_response(
        object_json(place->collection->schema(), place->tenant, *object, with_vector)
    );
}

Result<Response> has_object(http::Exchange& exchange, const Services& services) {
    TRY_ASSIGN(const Response found, get_object(exchange, services));
    return empty_response(found.status == 200 ? 204 : found.status);
}

Result<GivenObject> given_object(const Request& request) {
    TRY_ASSIGN(json::Value body, read_json(request));
    // The path names what the body may leave out.
    if (body.is_object()) {
        const std::string in_path = request.param("class");
        if (member(body, "class") == nullptr && !in_path.empty())
            body.get_object()["class"] = in_path;
        if (member(body, "id") == nullptr && !request.param("id").empty())
            body.get_object()["id"] = request.param("id");
    }
    TRY_ASSIGN(GivenObject given, read_object(body));
    if (given.tenant.empty()) given.tenant = tenant_in_query(request);
    return given;
}

Result<Response> stored(
    const Collection& collection, const Request& request, const GivenObject& given
) {
    TRY_ASSIGN(const Object object, collection.get(request.principal, given.object.id, true));
    return json_response(object_json(collection.schema(), given.tenant, object, true));
}

Result<Response> create_object(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    TRY_ASSIGN(GivenObject given, given_object(request));
    const Classes classes(services);
    TRY_ASSIGN(
        const auto collection,
        classes.open_or_create(request.principal, given.class_name, given.tenant)
    );
    TRY(classes.prepare(request.principal, *collection, given.object, exchange.client_gone()));
    collections::WriteBatch batch{.mode = collections::WriteBatch::Mode::create};
    batch.puts.push_back(given.object);
    const Status written = collection->write(request.principal, std::move(batch));
    if (!written && written.error().code == ErrorCode::conflict)
        return Error{
            ErrorCode::conflict, fmt::format("id '{}' already exists", given.object.id.text())
        };
    if (!written) return written.error();
    return stored(*collection, request, given);
}

Result<Response> validate_object(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    TRY_ASSIGN(GivenObject given, given_object(request));
    const auto collection =
        Classes(services).open(request.principal, given.class_name, given.tenant, false);
    if (!collection && collection.error().code == ErrorCode::not_found)
        return invalid(collection.error().message);
    if (!collection) return collection.error();
    fit_values((*collection)->schema(), given.object);
    TRY((*collection)->check(request.principal, given.object));
    return empty_response(200);
}

Result<Response> replace_object(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    TRY_ASSIGN(GivenObject given, given_object(request));
    TRY_ASSIGN(const Uuid id, id_in_path(request));
    if (given.object.id != id) return invalid("the id in the body is not the one in the path");
    const Classes classes(services);
    TRY_ASSIGN(
        const auto collection, classes.open(request.principal, given.class_name, given.tenant, true)
    );
    TRY(classes.prepare(request.principal, *collection, given.object, exchange.client_gone()));
    collections::WriteBatch batch{.mode = collections::WriteBatch::Mode::replace};
    batch.puts.push_back(given.object);
    TRY(collection->write(request.principal, std::move(batch)));
    return stored(*collection, request, given);
}

// Takes over what is given; what the server makes of texts is made anew when a text changed.
Status merge(Object& into, const GivenObject& given, const std::vector<std::string>& made) {
    const json::Object before = into.properties;
    for (const auto& [key, value] : given.object.properties)
        into.properties[key] = value;
    for (const std::string& name : given.nulls)
        into.properties.erase(name);
    if (!given.object.vector.empty()) into.vector = given.object.vector;
    for (const auto& [name, vector] : given.object.vectors)
        into.vectors[name] = vector;
    if (into.properties == before) return Ok{};
    for (const std::string& name : made) {
        if (name.empty() && given.object.vector.empty()) into.vector.clear();
        if (!name.empty() && !given.object.vectors.contains(name)) into.vectors.erase(name);
    }
    return Ok{};
}

Result<Response> merge_object(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    const Principal& who = request.principal;
    TRY_ASSIGN(GivenObject given, given_object(request));
    const Classes classes(services);
    TRY_ASSIGN(const auto collection, classes.open(who, given.class_name, given.tenant, true));
    const collections::Schema schema = collection->schema();
    const std::vector<std::string> made = made_vectors(schema);
    fit_values(schema, given.object);
    TRY(collections::fit_schema(*collection, who, {&given.object, 1}));
    const auto change = [&](Object& object) -> Status {
        TRY(merge(object, given, made));
        Object* const one[] = {&object};
        return made.empty() ? Status(Ok{})
                            : Vectorizer(services.embedder)
                                  .fill(who, collection->schema(), one, exchange.client_gone());
    };
    const Status changed = collection->modify(who, given.object.id, change);
    if (!changed && changed.error().code == ErrorCode::not_found) return empty_response(404);
    if (!changed) return changed.error();
    return empty_response(204);
}

Result<Response> delete_object(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    const auto place = find_place(request, services, true);
    if (!place && place.error().code != ErrorCode::not_found) return place.error();
    if (!place || !place->collection) return empty_response(204);
    collections::WriteBatch batch;
    batch.removes.push_back(place->id);
    TRY(place->collection->write(request.principal, std::move(batch)));
    return empty_response(204);
}

Result<Query> read_list(const Request& request) {
    Query query;
    query.tenant = tenant_in_query(request);
    TRY_ASSIGN(query.search.limit, count_in_query(request, "limit", kDefaultLimit));
    TRY_ASSIGN(query.search.offset, count_in_query(request, "offset", 0));
    query.search.with_vector = includes(request, "vector");
    if (const auto after = request.query_value("after")) {
        const auto id = after->empty() ? Result<Uuid>(Uuid{}) : parse_uuid(*after);
        if (!id) return invalid("after in query must be of type uuid");
        query.after = *id;
    }
    const std::vector<std::string> order = split(request.query_value("order").value_or(""));
    for (const std::string& name : split(request.query_value("sort").value_or(""))) {
        const std::size_t at = query.search.sort.size();
        query.search.sort.push_back(
            {.property = special_property(name),
             .descending = at < order.size() && order[at] == "desc"}
        );
    }
    return query;
}

Result<Response> list_objects(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    TRY_ASSIGN(Query query, read_list(request));
    std::vector<std::string> names;
    if (const auto name = request.query_value("class"); name && !name->empty())
        names.push_back(*name);
    else
        for (const collections::Schema& schema : Classes(services).list(request.principal))
            if (!schema.tenancy.enabled) names.push_back(schema.name);
    json::Array out;
    const std::size_t limit = query.search.limit;
    for (const std::string& name : names) {
        if (out.size() >= limit) break;
        query.class_name = name;
        query.search.limit = limit - out.size();
        TRY_ASSIGN(
            const Answer answer, run(services, request.principal, query, exchange.client_gone())
        );
        for (const collections::SearchHit& hit : answer.result.hits)
            out.push_back(
                object_json(answer.schema, query.tenant, hit.object, query.search.with_vector)
            );
    }
    const std::size_t total = out.size();
    return json_response(json::Object{
        {"deprecations", nullptr}, {"objects", std::move(out)}, {"totalResults", total}
    });
}

}  // namespace

std::vector<http::Route> object_routes(const Services& services) {
    const auto with = [services](auto handler) -> Answering {
        return
            [services, handler](http::Exchange& exchange) { return handler(exchange, services); };
    };
    std::vector<http::Route> out = {
        reading("GET", "/v1/objects", with(list_objects)),
        writing("POST", "/v1/objects", with(create_object)),
        reading("POST", "/v1/objects/validate", with(validate_object)),
    };
    // The forms without a class are old, and in use.
    for (const std::string path : {"/v1/objects/{class}/{id}", "/v1/objects/{id}"}) {
        out.push_back(reading("GET", path, with(get_object)));
        out.push_back(reading("HEAD", path, with(has_object)));
        out.push_back(writing("PUT", path, with(replace_object)));
        out.push_back(writing("PATCH", path, with(merge_object)));
        out.push_back(writing("DELETE", path, with(delete_object)));
    }
    return out;
}

}  // namespace moat::api::weaviate
