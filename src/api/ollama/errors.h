#pragma once

#include "base/json.h"
#include "base/result.h"
#include "http/exchange.h"

// Refusals in Ollama's words: {"error":"..."}. Threads: any.
namespace moat::api::ollama {

json::Value error_body(const Error& error);
http::Response error_response(const Error& error);
// The same of what is asked of a model: Ollama finds some wrong requests only at the model, and
// answers 500.
http::Response answer_error_response(const Error& error);
// A whole answer of status 200.
http::Response json_response(const json::Value& body);

}  // namespace moat::api::ollama
