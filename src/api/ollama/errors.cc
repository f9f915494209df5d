#include "api/ollama/errors.h"

namespace moat::api::ollama {

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::unsupported:
            return 400;
        case ErrorCode::unauthenticated:
            return 401;
        case ErrorCode::forbidden:
            return 403;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::conflict:
            return 409;
        case ErrorCode::cancelled:
            return 499;
        case ErrorCode::too_large:  // more memory than there is: other models may end
        case ErrorCode::busy:
            return 503;
        case ErrorCode::timed_out:
            return 504;
        case ErrorCode::corrupt:
        case ErrorCode::io:
        case ErrorCode::internal:
            return 500;
    }
    return 500;
}

json::Value error_body(const Error& error) {
    return json::Object{{"error", error.message}};
}

http::Response error_response(const Error& error) {
    http::Response response = json_response(error_body(error));
    response.status = status_of(error.code);
    if (error.code == ErrorCode::busy) response.headers.emplace_back("Retry-After", "1");
    return response;
}

http::Response json_response(const json::Value& body) {
    http::Response response;
    response.body = json::write(body, json::Style::html_safe);
    return response;
}

}  // namespace moat::api::ollama
