#include "api/moat/errors.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "http/admission.h"

namespace moat::api::moat_api {

http::Response error_with_status(int status, const Error& error) {
    http::Response out;
    out.status = status;
    out.body = json::write(json::Object{
        {"error", json::Object{{"code", to_string(error.code)}, {"message", error.message}}}
    });
    return out;
}

http::Response error_response(const Error& error, const http::Request& request) {
    const bool ours = error.code == ErrorCode::io || error.code == ErrorCode::internal;
    if (!ours) return error_with_status(http::status_of(error.code), error);
    log::error("{} {} {}: {}", request.id, request.method, request.path, error.message);
    const Error shown{error.code, fmt::format("internal error; the log has it as {}", request.id)};
    return error_with_status(500, shown);
}

}  // namespace moat::api::moat_api
