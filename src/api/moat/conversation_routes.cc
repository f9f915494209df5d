#include "api/moat/conversation_routes.h"

#include "api/moat/bodies.h"
#include "api/moat/errors.h"
#include "api/moat/to_json.h"

namespace moat::api::moat_api {
namespace {

using answers::Answerer;

void list(Answerer& answerer, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto found = answerer.conversations(request.principal);
    if (!found) return exchange.send(error_response(found.error(), request));
    json::Array items;
    for (const answers::Conversation& one : *found)
        items.emplace_back(to_json(one, false));
    send_json(exchange, 200, json::Object{{"conversations", std::move(items)}});
}

void show(Answerer& answerer, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto found = answerer.conversation(request.principal, request.param("id"));
    if (!found) return exchange.send(error_response(found.error(), request));
    send_json(exchange, 200, to_json(*found, true));
}

void remove(Answerer& answerer, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const Status removed = answerer.remove_conversation(request.principal, request.param("id"));
    if (!removed) return exchange.send(error_response(removed.error(), request));
    send_nothing(exchange);
}

}  // namespace

std::vector<http::Route> conversation_routes(Answerer& answerer) {
    using Work = void (*)(Answerer&, http::Exchange&);
    const auto route = [&answerer](std::string method, std::string path, Work work) {
        http::Route out;
        out.method = std::move(method);
        out.path = std::move(path);
        out.handler = [&answerer, work](http::Exchange& exchange) { work(answerer, exchange); };
        return out;
    };
    return {
        route("GET", "/api/conversations", list),
        route("GET", "/api/conversations/{id}", show),
        route("DELETE", "/api/conversations/{id}", remove),
    };
}

}  // namespace moat::api::moat_api
