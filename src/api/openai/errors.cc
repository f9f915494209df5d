#include "api/openai/errors.h"

#include "api/request/model_status.h"

namespace moat::api::openai {
namespace {

std::string_view type_of(int status) {
    if (status == 401) return "authentication_error";
    if (status == 403) return "permission_error";
    if (status == 404) return "not_found_error";
    return status < 500 ? "invalid_request_error" : "api_error";
}

json::Value body_of(int status, const Error& error) {
    const json::Object inner{
        {"message", error.message},
        {"type", type_of(status)},
        {"param", nullptr},
        {"code", nullptr},
    };
    return json::Object{{"error", inner}};
}

}  // namespace

int status_of(ErrorCode code) {
    return code == ErrorCode::conflict ? 400 : model_status_of(code);
}

json::Value error_body(const Error& error) {
    return body_of(status_of(error.code), error);
}

http::Response error_response(const Error& error) {
    http::Response out = error_with_status(status_of(error.code), error);
    if (error.code == ErrorCode::busy) out.headers.emplace_back("Retry-After", "1");
    return out;
}

http::Response error_with_status(int status, const Error& error) {
    http::Response out;
    out.status = status;
    out.body = json::write(body_of(status, error));
    return out;
}

http::Response json_response(const json::Value& body) {
    http::Response out;
    out.body = json::write(body);
    return out;
}

}  // namespace moat::api::openai
