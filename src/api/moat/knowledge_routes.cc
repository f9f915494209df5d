#include "api/moat/knowledge_routes.h"

#include <limits>

#include "api/moat/bodies.h"
#include "api/moat/errors.h"
#include "api/moat/to_json.h"

namespace moat::api::moat_api {
namespace {

using knowledge::KnowledgeBases;
using knowledge::PassageQuery;

void list_bases(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto list = bases.list(request.principal);
    if (!list) return exchange.send(error_response(list.error(), request));
    json::Array items;
    for (const knowledge::KnowledgeBase& base : *list)
        items.emplace_back(to_json(base));
    send_json(exchange, 200, json::Object{{"knowledge_bases", std::move(items)}});
}

Result<knowledge::KnowledgeBase> create(KnowledgeBases& bases, const http::Request& request) {
    TRY_ASSIGN(const json::Value body, read_object(request));
    TRY_ASSIGN(const auto name, optional_string(body, "name"));
    if (!name) return Error{ErrorCode::invalid_argument, "\"name\" is missing"};
    return bases.create(request.principal, *name);
}

void create_base(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto made = create(bases, request);
    if (!made) return exchange.send(error_response(made.error(), request));
    send_json(exchange, 201, to_json(*made));
}

void show_base(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto base = bases.get(request.principal, request.param("kb"));
    if (!base) return exchange.send(error_response(base.error(), request));
    send_json(exchange, 200, to_json(*base));
}

void remove_base(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const Status removed = bases.remove(request.principal, request.param("kb"));
    if (!removed) return exchange.send(error_response(removed.error(), request));
    send_nothing(exchange);
}

Result<bool> read_ranked(const json::Value& body) {
    TRY_ASSIGN(const auto fusion, optional_string(body, "fusion"));
    if (!fusion || *fusion == "relativeScore") return false;
    if (*fusion == "ranked") return true;
    return Error{ErrorCode::invalid_argument, "\"fusion\" must be \"relativeScore\" or \"ranked\""};
}

Result<PassageQuery> read_query(const http::Request& request) {
    TRY_ASSIGN(const json::Value body, read_object(request));
    PassageQuery query;
    TRY_ASSIGN(const auto text, optional_string(body, "query"));
    if (!text) return Error{ErrorCode::invalid_argument, "\"query\" is missing"};
    query.text = *text;
    TRY_ASSIGN(const auto limit, optional_integer(body, "limit"));
    // What is negative is as wrong as what is too much; the domain says the bounds.
    if (limit)
        query.limit =
            *limit < 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(*limit);
    TRY_ASSIGN(const auto alpha, optional_number(body, "alpha"));
    if (alpha) query.alpha = static_cast<float>(*alpha);
    TRY_ASSIGN(query.ranked_fusion, read_ranked(body));
    const json::Value* filter = json::find(body, "filter");
    if (filter != nullptr && !filter->is_null()) {
        TRY_ASSIGN(query.filter, read_filter(*filter));
    }
    return query;
}

void search(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto query = read_query(request);
    if (!query) return exchange.send(error_response(query.error(), request));
    const auto hits =
        bases.search(request.principal, request.param("kb"), *query, exchange.client_gone());
    if (!hits) return exchange.send(error_response(hits.error(), request));
    json::Array items;
    for (const knowledge::Passage& passage : *hits)
        items.emplace_back(to_json(passage));
    send_json(exchange, 200, json::Object{{"hits", std::move(items)}});
}

}  // namespace

std::vector<http::Route> knowledge_routes(KnowledgeBases& bases) {
    using Work = void (*)(KnowledgeBases&, http::Exchange&);
    const auto route = [&bases](std::string method, std::string path, Work work) {
        http::Route out;
        out.method = std::move(method);
        out.path = std::move(path);
        out.handler = [&bases, work](http::Exchange& exchange) { work(bases, exchange); };
        out.max_body_bytes = std::size_t{1} << 20;
        return out;
    };
    return {
        route("GET", "/api/kb", list_bases),
        route("POST", "/api/kb", create_base),
        route("GET", "/api/kb/{kb}", show_base),
        route("DELETE", "/api/kb/{kb}", remove_base),
        route("POST", "/api/kb/{kb}/search", search),
    };
}

}  // namespace moat::api::moat_api
