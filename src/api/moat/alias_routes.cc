#include "api/moat/alias_routes.h"

#include "api/moat/errors.h"
#include "base/json.h"

namespace moat::api::moat_api {
namespace {

using models::ModelAlias;
using models::ModelStore;

json::Object shown(const ModelAlias& alias) {
    json::Array history;
    for (const ModelAlias::Step& step : alias.steps)
        history.push_back(json::Object{{"target", step.target}, {"since", to_rfc3339(step.since)}});
    return {
        {"name", alias.name.display()},
        {"target", alias.target()},
        {"since", to_rfc3339(alias.steps.back().since)},
        {"history", std::move(history)}
    };
}

struct Change {
    std::string name;
    std::string target;
    bool roll_back = false;
};

Result<Change> parse_change(const std::string& body) {
    TRY_ASSIGN(const json::Value value, json::read(body));
    Change change{
        .name = json::string_or(value, "name"),
        .target = json::string_or(value, "target"),
        .roll_back = json::bool_or(value, "rollback", false)
    };
    if (change.name.empty() || change.target.empty() != change.roll_back) {
        return Error{
            ErrorCode::invalid_argument,
            R"(the body must be {"name":...,"target":...} or {"name":...,"rollback":true})"
        };
    }
    return change;
}

void send(http::Exchange& exchange, const json::Value& body) {
    http::Response response;
    response.body = json::write(body);
    exchange.send(std::move(response));
}

void list_aliases(ModelStore& store, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto aliases = store.aliases(request.principal);
    if (!aliases) return exchange.send(error_response(aliases.error(), request));
    json::Array out;
    for (const ModelAlias& alias : *aliases)
        out.push_back(shown(alias));
    send(exchange, json::Object{{"aliases", std::move(out)}});
}

void change_alias(ModelStore& store, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto change = parse_change(request.body);
    if (!change) return exchange.send(error_response(change.error(), request));
    const auto alias = change->roll_back
                           ? store.roll_back_alias(request.principal, change->name)
                           : store.set_alias(request.principal, change->name, change->target);
    if (!alias) return exchange.send(error_response(alias.error(), request));
    send(exchange, shown(*alias));
}

void remove_alias(ModelStore& store, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto body = json::read(request.body);
    if (!body) return exchange.send(error_response(body.error(), request));
    const Status removed = store.remove_alias(request.principal, json::string_or(*body, "name"));
    if (!removed) return exchange.send(error_response(removed.error(), request));
    exchange.send({.status = 204, .content_type = "", .headers = {}, .body = ""});
}

}  // namespace

std::vector<http::Route> alias_routes(ModelStore& store) {
    using Work = void (*)(ModelStore&, http::Exchange&);
    const auto route = [&store](std::string method, http::Access access, Work work) {
        http::Route out;
        out.method = std::move(method);
        out.path = "/api/alias";
        out.access = access;
        out.handler = [&store, work](http::Exchange& exchange) { work(store, exchange); };
        out.max_body_bytes = std::size_t{64} << 10;
        return out;
    };
    return {
        route("GET", http::Access::user, list_aliases),
        route("POST", http::Access::admin, change_alias),
        route("DELETE", http::Access::admin, remove_alias),
    };
}

}  // namespace moat::api::moat_api
