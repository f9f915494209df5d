#pragma once

#include <string_view>

#include "base/result.h"
#include "inference/model_runtime.h"

namespace moat::api::ollama {

// POST /api/chat, read.
struct Chat {
    inference::ChatRequest request;
    bool stream = true;
    bool render_only = false;
};

// Threads: any. Errors: invalid_argument, in Go's words.
Result<Chat> read_chat(std::string_view body);

}  // namespace moat::api::ollama
