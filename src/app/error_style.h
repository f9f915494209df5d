#pragma once

#include <string_view>

#include "base/result.h"
#include "http/exchange.h"

namespace moat::app {

// An error of the server itself (401, 413, 503 ...) in the words of the protocol that owns `path`:
// OpenAI's and Anthropic's below /v1, Moat's own, else Ollama's {"error":"..."}. Threads: any.
http::Response error_in_style_of(std::string_view path, int status, const Error& error);

}  // namespace moat::app
