#include "api/anthropic/errors.h"

#include "api/request/model_status.h"

namespace moat::api::anthropic {
namespace {

int status_of(ErrorCode code) {
    return code == ErrorCode::conflict ? 400 : model_status_of(code);
}

std::string_view type_of(int status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 413:
            return "request_too_large";
        case 429:
            return "rate_limit_error";
        case 503:
        case 529:
            return "overloaded_error";
        case 504:
            return "timeout_error";
        default:
            return status < 500 ? "invalid_request_error" : "api_error";
    }
}

json::Value body_of(int status, const Error& error, std::string_view request_id) {
    json::Object out{
        {"type", "error"},
        {"error", json::Object{{"type", type_of(status)}, {"message", error.message}}}
    };
    if (!request_id.empty()) out["request_id"] = request_id;
    return out;
}

}  // namespace

json::Value error_body(const Error& error, std::string_view request_id) {
    return body_of(status_of(error.code), error, request_id);
}

http::Response error_response(const Error& error, std::string_view request_id) {
    http::Response out;
    out.status = status_of(error.code);
    out.body = json::write(body_of(out.status, error, request_id));
    if (error.code == ErrorCode::busy) out.headers.emplace_back("Retry-After", "1");
    return out;
}

http::Response error_with_status(int status, const Error& error) {
    http::Response out;
    out.status = status;
    out.body = json::write(body_of(status, error, ""));
    return out;
}

}  // namespace moat::api::anthropic
