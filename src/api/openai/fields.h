#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

// Reads the fields of a request body. A field that is absent or null is unset; one of another type
// is invalid_argument, naming the field and what it must be. Threads: any.
namespace moat::api::openai {

// The body as an object. Errors: invalid_argument.
Result<json::Value> read_body(std::string_view text);

Result<std::optional<std::string>> text_field(const json::Value& body, std::string_view name);
Result<std::optional<double>> number_field(const json::Value& body, std::string_view name);
Result<std::optional<std::int64_t>> integer_field(const json::Value& body, std::string_view name);
Result<bool> flag_field(const json::Value& body, std::string_view name, bool fallback);
// One string, or a list of them.
Result<std::vector<std::string>> texts_field(const json::Value& body, std::string_view name);

// The sampling fields that chat and completions share, as Ollama's options. OpenAI's defaults
// (temperature and top_p 1) stand in for what is unset.
Result<json::Object> options_of(const json::Value& body);
// null, "json" or a schema, from response_format.
Result<json::Value> format_of(const json::Value& body);
// stream_options.include_usage.
bool wants_usage(const json::Value& body);

}  // namespace moat::api::openai
