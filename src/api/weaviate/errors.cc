#include "api/weaviate/errors.h"

#include <algorithm>
#include <array>

namespace moat::api::weaviate {

bool owns_path(std::string_view path) {
    constexpr std::array<std::string_view, 8> kRoots = {
        "/v1/schema",
        "/v1/objects",
        "/v1/batch",
        "/v1/graphql",
        "/v1/meta",
        "/v1/nodes",
        "/v1/backups",
        "/v1/.well-known"
    };
    return std::ranges::any_of(kRoots, [path](std::string_view root) {
        return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
    });
}

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::conflict:
        case ErrorCode::unsupported:
        case ErrorCode::corrupt:
            return 422;
        case ErrorCode::unauthenticated:
            return 401;
        case ErrorCode::forbidden:
            return 403;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::too_large:
            return 413;
        case ErrorCode::busy:
            return 503;
        case ErrorCode::timed_out:
            return 504;
        case ErrorCode::cancelled:
            return 499;
        case ErrorCode::io:
        case ErrorCode::internal:
            return 500;
    }
    return 500;
}

json::Array error_list(const Error& error) {
    return {json::Object{{"message", error.message}}};
}

http::Response error_with_status(int status, const Error& error) {
    if (status == 401)
        return json_response(json::Object{{"code", 401}, {"message", error.message}}, 401);
    return json_response(json::Object{{"error", error_list(error)}}, status);
}

http::Response error_response(const Error& error) {
    http::Response out = error_with_status(status_of(error.code), error);
    if (error.code == ErrorCode::busy) out.headers.emplace_back("Retry-After", "1");
    return out;
}

http::Response json_response(const json::Value& body, int status) {
    http::Response out;
    out.status = status;
    out.content_type = "application/json";
    json::write_to(out.body, body);
    return out;
}

http::Response empty_response(int status) {
    http::Response out;
    out.status = status;
    out.content_type = "";
    return out;
}

}  // namespace moat::api::weaviate
