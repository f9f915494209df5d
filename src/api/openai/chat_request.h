#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "inference/model_runtime.h"

namespace moat::api::openai {

// POST /v1/chat/completions, read.
struct ChatCompletion {
    inference::ChatRequest request;
    int count = 1;  // of answers wanted
    bool stream = false;
    bool include_usage = false;
};

// Threads: any. Errors: invalid_argument, naming the field.
Result<ChatCompletion> read_chat_completion(const json::Value& body);

// Pieces that /v1/responses reads alike.
//
// The image of "data:image/png;base64,...". Nothing is fetched: an http URL is refused.
Status add_image_url(models::ChatMessage& message, const std::string& url);
// reasoning_effort, or reasoning.effort.
Status read_effort(const json::Value& body, inference::ChatRequest& request);
// tool_choice, and parallel_tool_calls; after the tools themselves.
Status read_tool_choice(const json::Value& body, inference::ChatRequest& request);
// The names of functions that were called, into the answers to them, which carry only the id.
void name_tool_answers(std::vector<models::ChatMessage>& messages);

}  // namespace moat::api::openai
