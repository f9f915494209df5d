#include "api/weaviate/errors.h"

#include <algorithm>
#include <array>

#include "http/admission.h"

namespace moat::api::weaviate {

bool owns_path(std::string_view path) {
    constexpr std::array<std::string_view, 9> kRoots = {
        "/v1/schema",
        "/v1/objects",
        "/v1/batch",
        "/v1/graphql",
        "/v1/meta",
        "/v1/nodes",
        "/v1/backups",
        "/v1/aliases",
        "/v1/.well-known"
    };
    return std::ranges::any_of(kRoots, [path](std::string_view root) {
        return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
    });
}

int status_of(ErrorCode code) {
    const bool of_the_request = code == ErrorCode::invalid_argument || code == ErrorCode::conflict;
    return of_the_request ? 422 : http::status_of(code);
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
