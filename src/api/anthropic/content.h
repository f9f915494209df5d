#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "models/chat.h"

namespace moat::api::anthropic {

// "system": a text, or a list of text blocks. Errors: invalid_argument.
Result<std::string> read_system(const json::Value& system);

// One of "messages", added to `out` as one message or several: each tool_result is a message of
// its own, before what the user says with it. Errors: invalid_argument. Threads: any.
Status read_message(const json::Value& item, std::vector<models::ChatMessage>& out);

}  // namespace moat::api::anthropic
