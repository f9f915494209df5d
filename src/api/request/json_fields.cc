#include "api/request/json_fields.h"

#include <cmath>

#include <fmt/format.h>

#include "http/body_coding.h"

namespace moat::api {
namespace {

Error wrong_type(std::string_view name, std::string_view wanted) {
    return invalid(fmt::format("'{}' must be {}", name, wanted));
}

}  // namespace

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

Result<json::Value> read_body(const http::Request& request, std::size_t max_bytes) {
    if (request.body.empty()) return invalid("missing request body");
    const std::string_view coding = request.header("content-encoding");
    std::string unpacked;
    if (!coding.empty()) {
        TRY_ASSIGN(unpacked, http::decode_body(request.body, coding, max_bytes));
    }
    TRY_ASSIGN(json::Value body, json::read(coding.empty() ? request.body : unpacked));
    if (!body.is_object()) return invalid("the request body must be a JSON object");
    return body;
}

const json::Value* present(const json::Value& body, std::string_view name) {
    const json::Value* value = json::find(body, name);
    return value == nullptr || value->is_null() ? nullptr : value;
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
    if (value == nullptr) return std::vector<std::string>();
    return texts_of(*value, name);
}

Result<std::vector<std::string>> texts_of(const json::Value& value, std::string_view name) {
    if (const auto* text = value.if_string()) return std::vector{std::string(json::view(*text))};
    const auto* list = value.if_array();
    if (list == nullptr) return wrong_type(name, "a string or a list of strings");
    std::vector<std::string> texts;
    for (const json::Value& item : *list) {
        if (!item.is_string()) return wrong_type(name, "a string or a list of strings");
        texts.emplace_back(json::view(item.get_string()));
    }
    return texts;
}

Result<std::string> required_text(const json::Value& body, std::string_view name) {
    TRY_ASSIGN(auto text, text_field(body, name));
    if (!text || text->empty()) return invalid(fmt::format("{} is required", name));
    return *std::move(text);
}

}  // namespace moat::api
