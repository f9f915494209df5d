#pragma once

#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "models/chat.h"

namespace moat::api::openai {

// The "input" of /v1/responses (a text, or a list of items) as the messages of a conversation:
// items of one turn of the assistant (reasoning, message, function_call) become one message.
// Threads: any. Errors: invalid_argument, unsupported.
Result<std::vector<models::ChatMessage>> read_input(const json::Value& input);

}  // namespace moat::api::openai
