#include "api/ollama/errors.h"

#include "api/request/model_status.h"

namespace moat::api::ollama {

json::Value error_body(const Error& error) {
    return json::Object{{"error", error.message}};
}

http::Response error_response(const Error& error) {
    http::Response response = json_response(error_body(error));
    response.status = model_status_of(error.code);
    if (error.code == ErrorCode::busy) response.headers.emplace_back("Retry-After", "1");
    return response;
}

http::Response json_response(const json::Value& body) {
    http::Response response;
    response.body = json::write(body, json::Style::html_safe);
    return response;
}

}  // namespace moat::api::ollama
