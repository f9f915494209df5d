#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/exchange.h"

// Refusals in Anthropic's words: {"type":"error","error":{"type","message"},"request_id"}.
// Threads: any.
namespace moat::api::anthropic {

// `request_id` may be empty: then it is left out.
json::Value error_body(const Error& error, std::string_view request_id);
http::Response error_response(const Error& error, std::string_view request_id);
// With a given status, for errors of the server itself.
http::Response error_with_status(int status, const Error& error);

}  // namespace moat::api::anthropic
