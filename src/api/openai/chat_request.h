#pragma once

#include "base/json.h"
#include "base/result.h"
#include "inference/model_runtime.h"

namespace moat::api::openai {

// POST /v1/chat/completions, read.
struct ChatCompletion {
    inference::ChatRequest request;
    bool stream = false;
    bool include_usage = false;
};

// Threads: any. Errors: invalid_argument, naming the field.
Result<ChatCompletion> read_chat_completion(const json::Value& body);

}  // namespace moat::api::openai
