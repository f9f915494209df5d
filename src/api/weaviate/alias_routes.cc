#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/errors.h"
#include "api/weaviate/names.h"
#include "api/weaviate/objects.h"
#include "api/weaviate/route_parts.h"
#include "api/weaviate/routes.h"

// Other names of classes, as Weaviate has them from 1.32 on.
namespace moat::api::weaviate {
namespace {

using collections::Alias;

json::Object alias_json(const Alias& alias) {
    return {{"alias", alias.name}, {"class", alias.collection}};
}

// Of classes; what else is in the database is not named here.
std::vector<Alias> aliases_of(const Services& services, const Principal& who) {
    std::vector<Alias> out = services.database.aliases(who);
    std::erase_if(out, [&](const Alias& alias) {
        return !Classes(services).open(who, alias.collection);
    });
    return out;
}

Result<Alias> find(const Services& services, const http::Request& request) {
    TRY_ASSIGN(const std::string name, class_name(request.param("alias")));
    for (Alias& alias : aliases_of(services, request.principal))
        if (alias.name == name) return std::move(alias);
    return Error{ErrorCode::not_found, fmt::format("alias {} does not exist", name)};
}

// Points it at the class of the body, which may be named by an alias itself.
Result<Alias> point(
    const Services& services, const Principal& who, std::string name, const json::Value& body
) {
    const std::string wanted = text_or(body, "class", "");
    const auto target = Classes(services).open(who, wanted);
    if (!target)
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("class {} does not exist", wanted.substr(0, 230))
        };
    TRY(Classes::check_name(name));
    Alias alias{.name = std::move(name), .collection = (*target)->schema().name};
    TRY(services.database.put_alias(who, alias));
    return alias;
}

Result<http::Response> list(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    const auto only = request.query_value("class");
    json::Array out;
    for (const Alias& alias : aliases_of(services, request.principal))
        if (!only || only->empty() || alias.collection == class_name(*only).value_or(""))
            out.push_back(alias_json(alias));
    return json_response(json::Object{{"aliases", std::move(out)}});
}

Result<http::Response> get(http::Exchange& exchange, const Services& services) {
    TRY_ASSIGN(const Alias alias, find(services, exchange.request()));
    return json_response(alias_json(alias));
}

Result<http::Response> create(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const json::Value body, read_json(request));
    TRY_ASSIGN(std::string name, class_name(text_or(body, "alias", "")));
    const auto all = services.database.aliases(request.principal);
    if (std::ranges::find(all, name, &Alias::name) != all.end())
        return Error{ErrorCode::conflict, fmt::format("alias {} already exists", name)};
    TRY_ASSIGN(const Alias made, point(services, request.principal, std::move(name), body));
    return json_response(alias_json(made));
}

Result<http::Response> update(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const Alias known, find(services, request));
    TRY_ASSIGN(const json::Value body, read_json(request));
    TRY_ASSIGN(const Alias changed, point(services, request.principal, known.name, body));
    return json_response(alias_json(changed));
}

Result<http::Response> remove(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const Alias known, find(services, request));
    TRY(services.database.remove_alias(request.principal, known.name));
    return empty_response(204);
}

}  // namespace

std::vector<http::Route> alias_routes(const Services& services) {
    const auto with = [services](auto handler) -> Answering {
        return
            [services, handler](http::Exchange& exchange) { return handler(exchange, services); };
    };
    return {
        reading("GET", "/v1/aliases", with(list)),
        writing("POST", "/v1/aliases", with(create)),
        reading("GET", "/v1/aliases/{alias}", with(get)),
        writing("PUT", "/v1/aliases/{alias}", with(update)),
        writing("DELETE", "/v1/aliases/{alias}", with(remove)),
    };
}

}  // namespace moat::api::weaviate
