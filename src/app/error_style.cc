#include "app/error_style.h"

#include <algorithm>
#include <array>

#include "api/anthropic/errors.h"
#include "api/moat/errors.h"
#include "api/openai/errors.h"
#include "api/weaviate/errors.h"
#include "http/admission.h"

namespace moat::app {
namespace {

constexpr std::array<std::string_view, 6> kOwnPaths = {
    "/api/kb", "/api/admin", "/api/conversations", "/api/status", "/chat/", "/ws/"
};

}  // namespace

http::Response error_in_style_of(std::string_view path, int status, const Error& error) {
    if (path == "/v1/messages" || path.starts_with("/v1/messages/"))
        return api::anthropic::error_with_status(status, error);
    if (api::weaviate::owns_path(path)) return api::weaviate::error_with_status(status, error);
    if (path.starts_with("/v1/")) return api::openai::error_with_status(status, error);
    const bool own = std::ranges::any_of(kOwnPaths, [path](std::string_view prefix) {
        return path.starts_with(prefix);
    });
    return own ? api::moat_api::error_with_status(status, error)
               : http::plain_error(path, status, error);
}

}  // namespace moat::app
