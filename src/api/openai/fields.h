#pragma once

#include "api/request/json_fields.h"
#include "base/json.h"
#include "base/result.h"

// What the requests of /v1 share. Threads: any.
namespace moat::api::openai {

// Images travel inside the body.
inline constexpr std::size_t kMaxChatBytes = std::size_t{64} << 20;

// The sampling fields that chat, completions and responses share, and those beyond the standard, as
// Ollama's options. OpenAI's defaults (temperature and top_p 1) stand in for what is unset.
Result<json::Object> options_of(const json::Value& body);
// null, "json" or a schema, from response_format (of chat) or text.format (of responses).
Result<json::Value> format_of(const json::Value& body);
// How many answers are wanted: "n". Errors: invalid_argument.
Result<int> count_of(const json::Value& body);
// stream_options.include_usage.
bool wants_usage(const json::Value& body);

}  // namespace moat::api::openai
