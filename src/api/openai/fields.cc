#include "api/openai/fields.h"

#include <cmath>

#include <fmt/core.h>

namespace moat::api::openai {
namespace {

Error wrong_type(std::string_view name, std::string_view wanted) {
    return Error{ErrorCode::invalid_argument, fmt::format("'{}' must be {}", name, wanted)};
}

// nullptr when absent or null.
const json::Value* present(const json::Value& body, std::string_view name) {
    const json::Value* value = json::find(body, name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

Status copy_number(const json::Value& body, std::string_view name, json::Object& options) {
    TRY_ASSIGN(const auto number, number_field(body, name));
    if (number) options[name] = *number;
    return Ok{};
}

// max_completion_tokens is the newer spelling and wins.
Status copy_token_limit(const json::Value& body, json::Object& options) {
    for (const std::string_view name : {"max_tokens", "max_completion_tokens"}) {
        TRY_ASSIGN(const auto limit, integer_field(body, name));
        if (limit) options["num_predict"] = *limit;
    }
    return Ok{};
}

}  // namespace

Result<json::Value> read_body(std::string_view text) {
    if (text.empty()) return Error{ErrorCode::invalid_argument, "missing request body"};
    TRY_ASSIGN(json::Value body, json::read(text));
    if (!body.is_object())
        return Error{ErrorCode::invalid_argument, "the request body must be a JSON object"};
    return body;
}

Result<std::optional<std::string>> text_field(const json::Value& body, std::string_view name) {
    const json::Value* value = present(body, name);
    if (value == nullptr) return std::optional<std::string>();
    if (!value->is_string()) return wrong_type(name, "a string");
    return std::optional(std::string(json::view(value->get_string())));
}

Result<std::optional<double>> number_field(const json::Value& body, std::string_view name) {
    const json::Value* value = present(body, name);
    if (value == nullptr) return std::optional<double>();
    if (!value->is_number()) return wrong_type(name, "a number");
    return std::optional(value->to_number<double>());
}

Result<std::optional<std::int64_t>> integer_field(const json::Value& body, std::string_view name) {
    TRY_ASSIGN(const auto number, number_field(body, name));
    if (!number) return std::optional<std::int64_t>();
    if (*number != std::floor(*number) || std::abs(*number) > 9e15)
        return wrong_type(name, "a whole number");
    return std::optional(static_cast<std::int64_t>(*number));
}

Result<bool> flag_field(const json::Value& body, std::string_view name, bool fallback) {
    const json::Value* value = present(body, name);
    if (value == nullptr) return fallback;
    if (!value->is_bool()) return wrong_type(name, "true or false");
    return value->get_bool();
}

Result<std::vector<std::string>> texts_field(const json::Value& body, std::string_view name) {
    const json::Value* value = present(body, name);
    std::vector<std::string> texts;
    if (value == nullptr) return texts;
    if (const auto* text = value->if_string()) return std::vector{std::string(json::view(*text))};
    const auto* list = value->if_array();
    if (list == nullptr) return wrong_type(name, "a string or a list of strings");
    for (const json::Value& item : *list) {
        if (!item.is_string()) return wrong_type(name, "a string or a list of strings");
        texts.emplace_back(json::view(item.get_string()));
    }
    return texts;
}

Result<json::Object> options_of(const json::Value& body) {
    json::Object options{{"temperature", 1.0}, {"top_p", 1.0}};
    for (const std::string_view name :
         {"temperature", "top_p", "frequency_penalty", "presence_penalty"}) {
        TRY(copy_number(body, name, options));
    }
    TRY(copy_token_limit(body, options));
    TRY_ASSIGN(const auto seed, integer_field(body, "seed"));
    if (seed) options["seed"] = *seed;
    TRY_ASSIGN(const auto stop, texts_field(body, "stop"));
    if (!stop.empty()) options["stop"] = json::Array(stop.begin(), stop.end());
    return options;
}

Result<json::Value> format_of(const json::Value& body) {
    const json::Value* format = present(body, "response_format");
    if (format == nullptr) return json::Value(nullptr);
    const std::string type = json::string_or(*format, "type");
    if (type == "text") return json::Value(nullptr);
    if (type == "json_object") return json::Value("json");
    if (type != "json_schema") {
        return Error{
            ErrorCode::invalid_argument,
            "'response_format.type' must be text, json_object or json_schema"
        };
    }
    const json::Value* outer = json::find(*format, "json_schema");
    const json::Value* schema = outer == nullptr ? nullptr : json::find(*outer, "schema");
    if (schema == nullptr || !schema->is_object()) {
        return Error{
            ErrorCode::invalid_argument, "'response_format.json_schema.schema' must be an object"
        };
    }
    return *schema;
}

bool wants_usage(const json::Value& body) {
    const json::Value* options = present(body, "stream_options");
    return options != nullptr && json::bool_or(*options, "include_usage", false);
}

}  // namespace moat::api::openai
