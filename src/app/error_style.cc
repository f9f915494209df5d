#include "app/error_style.h"

#include <algorithm>
#include <array>

#include "api/moat/errors.h"
#include "base/json.h"
#include "http/admission.h"

namespace moat::app {
namespace {

constexpr std::array<std::string_view, 6> kOwnPaths = {
    "/api/kb", "/api/admin", "/api/conversations", "/api/status", "/chat/", "/ws/"
};

std::string_view openai_type(int status) {
    if (status == 401) return "authentication_error";
    if (status == 403) return "permission_error";
    if (status == 404) return "not_found_error";
    return status < 500 ? "invalid_request_error" : "api_error";
}

http::Response openai_error(int status, const Error& error) {
    http::Response out;
    out.status = status;
    const json::Object inner{
        {"message", error.message},
        {"type", openai_type(status)},
        {"param", nullptr},
        {"code", nullptr},
    };
    out.body = json::write(json::Object{{"error", inner}}, json::Style::html_safe);
    return out;
}

}  // namespace

http::Response error_in_style_of(std::string_view path, int status, const Error& error) {
    if (path.starts_with("/v1/")) return openai_error(status, error);
    const bool own = std::ranges::any_of(kOwnPaths, [path](std::string_view prefix) {
        return path.starts_with(prefix);
    });
    return own ? api::moat_api::error_with_status(status, error)
               : http::plain_error(path, status, error);
}

}  // namespace moat::app
