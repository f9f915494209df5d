#include "api/ollama/errors.h"

#include "api/request/model_status.h"

namespace moat::api::ollama {
namespace {

// An option of the wrong type, a format that is none, a template that cannot be read.
bool is_found_at_the_model(const Error& error) {
    const std::string_view text = error.message;
    return error.code == ErrorCode::invalid_argument &&
           ((text.starts_with("option \"") && text.contains("must be of type")) ||
            text.starts_with("invalid format: ") || text.starts_with("template: "));
}

}  // namespace

json::Value error_body(const Error& error) {
    return json::Object{{"error", error.message}};
}

http::Response error_response(const Error& error) {
    http::Response response = json_response(error_body(error));
    response.status = model_status_of(error.code);
    if (error.code == ErrorCode::busy) response.headers.emplace_back("Retry-After", "1");
    return response;
}

http::Response answer_error_response(const Error& error) {
    http::Response response = error_response(error);
    if (is_found_at_the_model(error)) response.status = 500;
    return response;
}

http::Response json_response(const json::Value& body) {
    http::Response response;
    response.body = json::write(body, json::Style::html_safe);
    return response;
}

}  // namespace moat::api::ollama
