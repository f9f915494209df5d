#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "collections/filter.h"
#include "http/exchange.h"

// Reading of request bodies, and the plain answers. Threads: any.
namespace moat::api::moat_api {

// The body as a JSON object; an empty body is an empty one.
// Errors: invalid_argument, saying what is wrong.
Result<json::Value> read_object(const http::Request& request);

// A field of the object; none when absent or null.
// Errors: invalid_argument, naming the field and the type it must have.
Result<std::optional<std::string>> optional_string(const json::Value& body, std::string_view key);
Result<std::optional<std::int64_t>> optional_integer(const json::Value& body, std::string_view key);
Result<std::optional<double>> optional_number(const json::Value& body, std::string_view key);
Result<std::optional<bool>> optional_bool(const json::Value& body, std::string_view key);

// {"property":"status","op":"equal","value":"open"}, {"op":"any_of","operands":[...]}, or in short
// {"status":"open","city":["Ulm","Bonn"]}: every property equal to its value, or to one of them.
// Errors: invalid_argument.
Result<collections::Filter> read_filter(const json::Value& value);

void send_json(http::Exchange& exchange, int status, const json::Value& body);
void send_nothing(http::Exchange& exchange);  // 204

}  // namespace moat::api::moat_api
