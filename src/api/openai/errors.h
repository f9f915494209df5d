#pragma once

#include "base/json.h"
#include "base/result.h"
#include "http/exchange.h"

// Refusals in OpenAI's words: {"error":{"message","type","param","code"}}. Threads: any.
namespace moat::api::openai {

int status_of(ErrorCode code);
json::Value error_body(const Error& error);
http::Response error_response(const Error& error);
// With a given status, for errors of the server itself.
http::Response error_with_status(int status, const Error& error);
// A whole answer of status 200.
http::Response json_response(const json::Value& body);

}  // namespace moat::api::openai
