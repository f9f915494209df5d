#include "api/moat/keys_routes.h"

#include "api/moat/errors.h"
#include "base/json.h"

namespace moat::api::moat_api {
namespace {

json::Object to_json(const access::ApiKey& key) {
    json::Object out;
    out["id"] = key.id;
    out["name"] = key.name;
    out["role"] = key.role == Role::admin ? "admin" : "user";
    out["created_at"] = to_rfc3339(key.created_at);
    out["last_used_at"] =
        key.last_used_at ? json::Value(to_rfc3339(*key.last_used_at)) : json::Value(nullptr);
    return out;
}

struct NewKey {
    std::string name;
    Role role = Role::user;
};

Result<NewKey> parse_new_key(const std::string& body) {
    TRY_ASSIGN(const json::Value value, json::read(body));
    const auto* name = json::find_string(value, "name");
    if (name == nullptr)
        return Error{ErrorCode::invalid_argument, "the body must be {\"name\":...,\"role\":...}"};
    const std::string role = json::string_or(value, "role", "user");
    if (role != "user" && role != "admin")
        return Error{ErrorCode::invalid_argument, "role must be \"user\" or \"admin\""};
    return NewKey{
        .name = std::string(json::view(*name)), .role = role == "admin" ? Role::admin : Role::user
    };
}

void list_keys(access::ApiKeys& keys, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto list = keys.list(request.principal);
    if (!list) return exchange.send(error_response(list.error(), request));
    json::Array items;
    for (const access::ApiKey& key : *list)
        items.push_back(to_json(key));
    http::Response response;
    response.body = json::write(json::Object{{"keys", std::move(items)}});
    exchange.send(std::move(response));
}

void create_key(access::ApiKeys& keys, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto wanted = parse_new_key(request.body);
    if (!wanted) return exchange.send(error_response(wanted.error(), request));
    const auto made = keys.create(request.principal, wanted->name, wanted->role);
    if (!made) return exchange.send(error_response(made.error(), request));
    json::Object reply = to_json(made->key);
    reply["key"] = made->secret;
    http::Response response;
    response.status = 201;
    response.headers = {{"Cache-Control", "no-store"}};
    response.body = json::write(reply);
    exchange.send(std::move(response));
}

void revoke_key(access::ApiKeys& keys, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const Status revoked = keys.revoke(request.principal, request.param("id"));
    if (!revoked) return exchange.send(error_response(revoked.error(), request));
    exchange.send({.status = 204, .content_type = "", .headers = {}, .body = ""});
}

}  // namespace

std::vector<http::Route> keys_routes(access::ApiKeys& keys) {
    using Work = void (*)(access::ApiKeys&, http::Exchange&);
    const auto route = [&keys](std::string method, std::string path, Work work) {
        http::Route out;
        out.method = std::move(method);
        out.path = std::move(path);
        out.access = http::Access::admin;
        out.handler = [&keys, work](http::Exchange& exchange) { work(keys, exchange); };
        out.max_body_bytes = std::size_t{64} << 10;
        return out;
    };
    return {
        route("GET", "/api/admin/keys", list_keys),
        route("POST", "/api/admin/keys", create_key),
        route("DELETE", "/api/admin/keys/{id}", revoke_key),
    };
}

}  // namespace moat::api::moat_api
