#pragma once

#include <vector>

#include "base/json.h"
#include "models/chat.h"
#include "models/template_value.h"

// Conversations and tools as the templates of Ollama models see them. Threads: any.
namespace moat::models {

// .Messages: structs of Role, Content, Thinking, Images, ToolCalls, ToolName, ToolCallID.
templates::Value message_values(const std::vector<ChatMessage>& messages);

// .Tools: from an array of OpenAI-style tools. The list, one tool, its .Parameters and their
// .Properties print as compact JSON.
templates::Value tool_values(const json::Value& tools);

}  // namespace moat::models
