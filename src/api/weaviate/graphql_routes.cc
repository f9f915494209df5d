#include "api/weaviate/errors.h"
#include "api/weaviate/graphql.h"
#include "api/weaviate/names.h"
#include "api/weaviate/route_parts.h"
#include "api/weaviate/routes.h"

namespace moat::api::weaviate {
namespace {

constexpr std::size_t kMaxQueries = 1000;

// One request; mistakes in the query itself are part of the answer.
Result<json::Object> answer(
    const json::Value& body, http::Exchange& exchange, const Services& services
) {
    const std::string text = text_or(body, "query", "");
    if (text.empty())
        return Error{ErrorCode::invalid_argument, "no query in the request: it must not be empty"};
    json::Object variables;
    if (const json::Value* given = member(body, "variables")) {
        if (!given->is_object())
            return Error{ErrorCode::invalid_argument, "variables must be an object"};
        variables = given->get_object();
    }
    const auto query = parse_graphql(text, text_or(body, "operationName", ""), variables);
    if (query)
        return answer_graphql(
            services, exchange.request().principal, *query, exchange.client_gone()
        );
    json::Array errors{json::Object{
        {"locations", json::Array()}, {"message", query.error().message}, {"path", nullptr}
    }};
    return json::Object{{"data", nullptr}, {"errors", std::move(errors)}};
}

Result<http::Response> one(http::Exchange& exchange, const Services& services) {
    TRY_ASSIGN(const json::Value body, read_json(exchange.request()));
    TRY_ASSIGN(const json::Object out, answer(body, exchange, services));
    return json_response(out);
}

Result<http::Response> many(http::Exchange& exchange, const Services& services) {
    TRY_ASSIGN(const json::Value body, read_json(exchange.request()));
    if (!body.is_array() || body.get_array().empty() || body.get_array().size() > kMaxQueries)
        return Error{ErrorCode::invalid_argument, "the body must be a list of 1 to 1000 queries"};
    json::Array out;
    for (const json::Value& entry : body.get_array()) {
        TRY_ASSIGN(json::Object reply, answer(entry, exchange, services));
        out.push_back(std::move(reply));
    }
    return json_response(out);
}

}  // namespace

std::vector<http::Route> graphql_routes(const Services& services) {
    return {
        reading(
            "POST",
            "/v1/graphql",
            [services](http::Exchange& exchange) { return one(exchange, services); }
        ),
        reading(
            "POST",
            "/v1/graphql/batch",
            [services](http::Exchange& exchange) { return many(exchange, services); }
        ),
    };
}

}  // namespace moat::api::weaviate
