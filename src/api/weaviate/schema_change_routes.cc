#include <fmt/format.h>

#include "api/weaviate/class_json.h"
#include "api/weaviate/errors.h"
#include "api/weaviate/names.h"
#include "api/weaviate/objects.h"
#include "api/weaviate/route_parts.h"
#include "api/weaviate/routes.h"

// What a class can become that Weaviate's do not: routes of Moat's own, in Weaviate's words.
namespace moat::api::weaviate {
namespace {

Result<std::shared_ptr<collections::Collection>> open(
    const http::Request& request, const Services& services
) {
    return Classes(services).open(request.principal, request.param("class"));
}

Result<http::Response> rename_class(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const auto collection, open(request, services));
    TRY_ASSIGN(const json::Value body, read_json(request));
    TRY_ASSIGN(const std::string name, class_name(text_or(body, "class", "")));
    TRY(Classes::check_name(name));
    TRY(services.database.rename(request.principal, collection->schema().name, name));
    TRY_ASSIGN(const auto renamed, Classes(services).open(request.principal, name));
    return json_response(class_json(renamed->schema()));
}

// The body is the property as it is to be, its name included.
Result<http::Response> change_property(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const auto collection, open(request, services));
    TRY_ASSIGN(const json::Value body, read_json(request));
    TRY_ASSIGN(collections::Property wanted, read_property(body));
    const std::string name = property_name(request.param("property"));
    const std::string to = wanted.name;
    if (to != name && collection->schema().find(to) != nullptr)
        return Error{ErrorCode::conflict, fmt::format("a property '{}' exists already", to)};
    wanted.name = name;
    TRY(collection->change_property(request.principal, wanted));
    if (to != name) TRY(collection->rename_property(request.principal, name, to));
    const collections::Schema schema = collection->schema();
    const collections::Property* now = schema.find(to);
    // Dropped by another just now.
    if (now == nullptr)
        return Error{ErrorCode::not_found, fmt::format("there is no property '{}'", to)};
    return json_response(property_json(*now));
}

Result<http::Response> drop_property(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const auto collection, open(request, services));
    TRY(collection->drop_property(request.principal, property_name(request.param("property"))));
    return empty_response(200);
}

Result<http::Response> drop_vector(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const auto collection, open(request, services));
    TRY(collection->drop_vector(request.principal, request.param("vector")));
    return empty_response(200);
}

Result<http::Response> list_changes(http::Exchange& exchange, const Services& services) {
    TRY_ASSIGN(const auto collection, open(exchange.request(), services));
    json::Array out;
    for (const collections::PropertyChange& change : collection->changes()) {
        json::Object each{
            {"property", change.property}, {"done", change.done}, {"total", change.total}
        };
        if (!change.failure.empty()) each["error"] = change.failure;
        out.push_back(std::move(each));
    }
    return json_response(json::Object{{"changes", std::move(out)}});
}

}  // namespace

std::vector<http::Route> schema_change_routes(const Services& services) {
    const auto with = [services](auto handler) -> Answering {
        return
            [services, handler](http::Exchange& exchange) { return handler(exchange, services); };
    };
    const std::string one = "/v1/schema/{class}";
    return {
        writing("POST", one + "/rename", with(rename_class)),
        reading("GET", one + "/changes", with(list_changes)),
        writing("PUT", one + "/properties/{property}", with(change_property)),
        writing("DELETE", one + "/properties/{property}", with(drop_property)),
        writing("DELETE", one + "/vectors/{vector}", with(drop_vector)),
    };
}

}  // namespace moat::api::weaviate
