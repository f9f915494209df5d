#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/errors.h"
#include "api/weaviate/names.h"
#include "api/weaviate/objects.h"
#include "api/weaviate/route_parts.h"
#include "api/weaviate/routes.h"

namespace moat::api::weaviate {
namespace {

using collections::Tenant;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

json::Object tenant_json(const Tenant& tenant) {
    return {{"name", tenant.name}, {"activityStatus", tenant.active ? "HOT" : "COLD"}};
}

Result<std::shared_ptr<collections::Collection>> open(
    const http::Request& request, const Services& services
) {
    TRY_ASSIGN(auto found, Classes(services).open(request.principal, request.param("class")));
    if (!found->schema().tenancy.enabled)
        return invalid(
            fmt::format("multi-tenancy is not enabled for class \"{}\"", found->schema().name)
        );
    return found;
}

Result<Tenant> read_tenant(const json::Value& body) {
    Tenant tenant{.name = text_or(body, "name", "")};
    if (tenant.name.empty()) return invalid("a tenant needs a name");
    const std::string status = text_or(body, "activityStatus", "HOT");
    if (status == "FROZEN" || status == "OFFLOADED")
        return Error{ErrorCode::unsupported, "tenants cannot be offloaded here: use COLD"};
    if (status != "HOT" && status != "ACTIVE" && status != "COLD" && status != "INACTIVE")
        return invalid(fmt::format("activityStatus '{}' is none of HOT and COLD", status));
    tenant.active = status == "HOT" || status == "ACTIVE";
    return tenant;
}

Result<std::vector<Tenant>> read_tenants(const http::Request& request) {
    TRY_ASSIGN(const json::Value body, read_json(request));
    if (!body.is_array()) return invalid("the body must be a list of tenants");
    std::vector<Tenant> out;
    for (const json::Value& entry : body.get_array()) {
        TRY_ASSIGN(Tenant tenant, read_tenant(entry));
        out.push_back(std::move(tenant));
    }
    return out;
}

http::Response reply(const std::vector<Tenant>& tenants) {
    json::Array out;
    for (const Tenant& tenant : tenants)
        out.push_back(tenant_json(tenant));
    return json_response(out);
}

Result<http::Response> list_tenants(http::Exchange& exchange, const Services& services) {
    TRY_ASSIGN(const auto collection, open(exchange.request(), services));
    TRY_ASSIGN(const auto tenants, collection->tenants(exchange.request().principal));
    return reply(tenants);
}

Result<http::Response> get_tenant(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const auto collection, open(request, services));
    TRY_ASSIGN(const auto tenants, collection->tenants(request.principal));
    const auto found = std::ranges::find(tenants, request.param("tenant"), &Tenant::name);
    if (found == tenants.end()) return empty_response(404);
    return json_response(tenant_json(*found));
}

Result<http::Response> add_tenants(http::Exchange& exchange, const Services& services) {
    TRY_ASSIGN(const auto collection, open(exchange.request(), services));
    TRY_ASSIGN(const auto tenants, read_tenants(exchange.request()));
    TRY(collection->put_tenants(exchange.request().principal, tenants));
    return reply(tenants);
}

Result<http::Response> update_tenants(http::Exchange& exchange, const Services& services) {
    const Principal& who = exchange.request().principal;
    TRY_ASSIGN(const auto collection, open(exchange.request(), services));
    TRY_ASSIGN(const auto tenants, read_tenants(exchange.request()));
    TRY_ASSIGN(const auto known, collection->tenants(who));
    for (const Tenant& tenant : tenants)
        if (std::ranges::find(known, tenant.name, &Tenant::name) == known.end())
            return invalid(fmt::format("tenant not found: \"{}\"", tenant.name));
    TRY(collection->put_tenants(who, tenants));
    return reply(tenants);
}

Result<http::Response> remove_tenants(http::Exchange& exchange, const Services& services) {
    TRY_ASSIGN(const auto collection, open(exchange.request(), services));
    TRY_ASSIGN(const json::Value body, read_json(exchange.request()));
    if (!body.is_array()) return invalid("the body must be a list of names");
    TRY(collection->remove_tenants(exchange.request().principal, texts_of(&body)));
    return empty_response(200);
}

}  // namespace

std::vector<http::Route> tenant_routes(const Services& services) {
    const auto with = [services](auto handler) -> Answering {
        return
            [services, handler](http::Exchange& exchange) { return handler(exchange, services); };
    };
    return {
        reading("GET", "/v1/schema/{class}/tenants", with(list_tenants)),
        writing("POST", "/v1/schema/{class}/tenants", with(add_tenants)),
        writing("PUT", "/v1/schema/{class}/tenants", with(update_tenants)),
        writing("DELETE", "/v1/schema/{class}/tenants", with(remove_tenants)),
        reading("GET", "/v1/schema/{class}/tenants/{tenant}", with(get_tenant)),
    };
}

}  // namespace moat::api::weaviate
