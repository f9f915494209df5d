#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "inference/model_runtime.h"

namespace moat::api::anthropic {

// POST /v1/messages, read.
struct MessagesRequest {
    inference::ChatRequest request;
    std::vector<std::string> stop_sequences;  // to tell them from the model's own
    bool stream = false;
};

// `needs_max_tokens`: not for /v1/messages/count_tokens, which takes the rest of the same body.
// Tools that the vendor's own servers would run (web_search_...) are left out.
// Threads: any. Errors: invalid_argument, naming the field.
Result<MessagesRequest> read_messages(const json::Value& body, bool needs_max_tokens);

}  // namespace moat::api::anthropic
