#include "api/weaviate/route_parts.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "api/weaviate/errors.h"
#include "api/weaviate/names.h"
#include "http/body_coding.h"

namespace moat::api::weaviate {
namespace {

http::Route route(std::string method, std::string path, http::Access access, Answering handler) {
    http::Route out;
    out.method = std::move(method);
    out.path = std::move(path);
    out.access = access;
    out.max_body_bytes = kMaxMessageBytes;
    out.handler = [handler = std::move(handler)](http::Exchange& exchange) {
        auto response = handler(exchange);
        exchange.send(response ? *std::move(response) : error_response(response.error()));
    };
    return out;
}

}  // namespace

http::Route reading(std::string method, std::string path, Answering handler) {
    return route(std::move(method), std::move(path), http::Access::user, std::move(handler));
}

http::Route writing(std::string method, std::string path, Answering handler) {
    return route(std::move(method), std::move(path), http::Access::admin, std::move(handler));
}

Result<json::Value> read_json(const http::Request& request) {
    if (request.body.empty()) return Error{ErrorCode::invalid_argument, "the request has no body"};
    const std::string_view coding = request.header("content-encoding");
    if (coding.empty()) return json::read(request.body);
    TRY_ASSIGN(
        const std::string unpacked, http::decode_body(request.body, coding, kMaxMessageBytes)
    );
    return json::read(unpacked);
}

Result<Uuid> id_in_path(const http::Request& request) {
    const auto id = parse_uuid(request.param("id"));
    if (!id) return Error{ErrorCode::invalid_argument, "id in path must be of type uuid"};
    return *id;
}

std::string tenant_in_query(const http::Request& request) {
    return request.query_value("tenant").value_or("");
}

Result<std::size_t> count_in_query(
    const http::Request& request, std::string_view name, std::size_t fallback
) {
    const auto text = request.query_value(name);
    if (!text || text->empty()) return fallback;
    std::size_t count = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), count);
    if (read.ec != std::errc() || read.ptr != text->data() + text->size() || count > 1'000'000'000)
        return Error{
            ErrorCode::invalid_argument, fmt::format("{} in query must be a whole number", name)
        };
    return count;
}

}  // namespace moat::api::weaviate
