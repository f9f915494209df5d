#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/exchange.h"

// Reads the fields of a request body for the protocols that are strict about types (OpenAI's,
// Anthropic's, Moat's additions). A field that is absent or null is unset; one of another type is
// invalid_argument, naming the field and what it must be. Threads: any.
namespace moat::api {

// The body as an object, unpacked first when the client compressed it (gzip, zstd); `max_bytes`
// bounds what it may become. Errors: invalid_argument, too_large, unsupported.
Result<json::Value> read_body(const http::Request& request, std::size_t max_bytes);

// nullptr when absent or null.
const json::Value* present(const json::Value& body, std::string_view name);

Result<std::optional<std::string>> text_field(const json::Value& body, std::string_view name);
Result<std::optional<double>> number_field(const json::Value& body, std::string_view name);
Result<std::optional<std::int64_t>> integer_field(const json::Value& body, std::string_view name);
Result<bool> flag_field(const json::Value& body, std::string_view name, bool fallback);
// One string, or a list of them.
Result<std::vector<std::string>> texts_field(const json::Value& body, std::string_view name);
// As texts_field, but of `value` itself; `name` is for the message.
Result<std::vector<std::string>> texts_of(const json::Value& value, std::string_view name);
// A string that must be there and not be empty: "model is required".
Result<std::string> required_text(const json::Value& body, std::string_view name);

Error invalid(std::string message);

}  // namespace moat::api
