#include "api/moat/bodies.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace moat::api::moat_api {
namespace {

using collections::Filter;
using collections::FilterOperator;

constexpr std::array<std::pair<std::string_view, FilterOperator>, 13> kOperators{{
    {"all_of", FilterOperator::all_of},
    {"any_of", FilterOperator::any_of},
    {"none_of", FilterOperator::none_of},
    {"equal", FilterOperator::equal},
    {"not_equal", FilterOperator::not_equal},
    {"greater", FilterOperator::greater},
    {"greater_equal", FilterOperator::greater_equal},
    {"less", FilterOperator::less},
    {"less_equal", FilterOperator::less_equal},
    {"like", FilterOperator::like},
    {"is_null", FilterOperator::is_null},
    {"contains_any", FilterOperator::contains_any},
    {"contains_all", FilterOperator::contains_all},
}};

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

Error wrong_type(std::string_view key, std::string_view type) {
    return invalid(fmt::format("\"{}\" must be {}", key, type));
}

const json::Value* present(const json::Value& body, std::string_view key) {
    const json::Value* value = json::find(body, key);
    return value == nullptr || value->is_null() ? nullptr : value;
}

bool is_scalar(const json::Value& value) {
    return value.is_string() || value.is_number() || value.is_bool();
}

Result<FilterOperator> read_operator(const json::Value& value) {
    const std::string name = json::string_or(value, "op", "equal");
    for (const auto& [known, op] : kOperators)
        if (known == name) return op;
    return invalid(fmt::format("filter: there is no operator \"{}\"", name));
}

Result<Filter> read_leaf(std::string_view property, const json::Value& value) {
    Filter filter;
    filter.property = property;
    filter.value = value;
    filter.op = value.is_array() ? FilterOperator::contains_any : FilterOperator::equal;
    if (!value.is_array() && !is_scalar(value))
        return invalid(fmt::format("filter: \"{}\" needs a text, number or list", property));
    return filter;
}

Result<Filter> read_short(const json::Object& object) {
    Filter filter;
    filter.op = FilterOperator::all_of;
    for (const auto& [key, value] : object) {
        const std::string_view property(key.data(), key.size());
        TRY_ASSIGN(Filter leaf, read_leaf(property, value));
        filter.operands.push_back(std::move(leaf));
    }
    if (filter.operands.empty()) return invalid("filter: names no property");
    return filter;
}

}  // namespace

Result<json::Value> read_object(const http::Request& request) {
    if (request.body.empty()) return json::Value(json::Object{});
    auto body = json::read(request.body);
    if (!body) return invalid("the body is not JSON: " + body.error().message);
    if (!body->is_object()) return invalid("the body must be a JSON object");
    return body;
}

Result<std::optional<std::string>> optional_string(const json::Value& body, std::string_view key) {
    const json::Value* value = present(body, key);
    if (value == nullptr) return std::optional<std::string>();
    if (!value->is_string()) return wrong_type(key, "a string");
    return std::optional<std::string>(json::view(value->get_string()));
}

Result<std::optional<std::int64_t>> optional_integer(
    const json::Value& body, std::string_view key
) {
    const json::Value* value = present(body, key);
    if (value == nullptr) return std::optional<std::int64_t>();
    if (!value->is_int64()) return wrong_type(key, "a whole number");
    return std::optional<std::int64_t>(value->get_int64());
}

Result<std::optional<double>> optional_number(const json::Value& body, std::string_view key) {
    const json::Value* value = present(body, key);
    if (value == nullptr) return std::optional<double>();
    if (!value->is_number()) return wrong_type(key, "a number");
    return std::optional<double>(json::number_or(body, key, 0));
}

Result<std::optional<bool>> optional_bool(const json::Value& body, std::string_view key) {
    const json::Value* value = present(body, key);
    if (value == nullptr) return std::optional<bool>();
    if (!value->is_bool()) return wrong_type(key, "true or false");
    return std::optional<bool>(value->get_bool());
}

// Depth is bounded by that of JSON itself (json::ReadLimits).
Result<Filter> read_filter(const json::Value& value) {
    if (!value.is_object()) return wrong_type("filter", "an object");
    const json::Array* operands = json::find_array(value, "operands");
    const json::String* property = json::find_string(value, "property");
    const bool is_leaf = property != nullptr && json::find(value, "value") != nullptr;
    if (operands == nullptr && !is_leaf) return read_short(value.get_object());
    Filter filter;
    TRY_ASSIGN(filter.op, read_operator(value));
    if (operands != nullptr) {
        for (const json::Value& item : *operands) {
            TRY_ASSIGN(Filter operand, read_filter(item));
            filter.operands.push_back(std::move(operand));
        }
        return filter;
    }
    filter.property = json::view(*property);
    filter.value = *json::find(value, "value");
    return filter;
}

void send_json(http::Exchange& exchange, int status, const json::Value& body) {
    http::Response response;
    response.status = status;
    response.body = json::write(body);
    exchange.send(std::move(response));
}

void send_nothing(http::Exchange& exchange) {
    exchange.send({.status = 204, .content_type = "", .headers = {}, .body = ""});
}

}  // namespace moat::api::moat_api
