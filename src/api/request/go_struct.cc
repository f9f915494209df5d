#include "api/request/go_struct.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace moat::api {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_key(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

// "GenerateRequest" of "api.GenerateRequest"
std::string_view short_name(std::string_view type) {
    const auto dot = type.rfind('.');
    return dot == std::string_view::npos ? type : type.substr(dot + 1);
}

}  // namespace

std::string go_kind(const json::Value& value, bool with_number) {
    switch (value.kind()) {
        case boost::json::kind::null:
            return "null";
        case boost::json::kind::bool_:
            return "bool";
        case boost::json::kind::string:
            return "string";
        case boost::json::kind::array:
            return "array";
        case boost::json::kind::object:
            return "object";
        default:
            return with_number ? "number " + json::write(value) : "number";
    }
}

GoStruct::GoStruct(GoDecoding& decoding, const json::Value& value, std::string type)
    : GoStruct(decoding, value, std::move(type), "") {
    if (value_.is_object() || value_.is_null()) return;
    fail(fmt::format(
        "json: cannot unmarshal {} into Go value of type {}", go_kind(value_, false), type_
    ));
}

const json::Value* GoStruct::find(std::string_view key) const {
    if (!value_.is_object()) return nullptr;
    const json::Value* found = nullptr;
    for (const auto& [name, value] : value_.get_object())
        if (same_key(name, key) && !value.is_null()) found = &value;
    return found;
}

std::string GoStruct::path_to(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void GoStruct::fail_type(std::string_view key, const json::Value& value, std::string_view type) {
    const bool numeric = type == "int" || type == "float64";
    fail(fmt::format(
        "json: cannot unmarshal {} into Go struct field {}.{} of type {}",
        go_kind(value, numeric),
        short_name(type_),
        path_to(key),
        type
    ));
}

void GoStruct::read(std::string_view key, std::string& out) {
    std::optional<std::string> value;
    read(key, value);
    if (value) out = std::move(*value);
}

void GoStruct::read(std::string_view key, std::optional<std::string>& out) {
    const json::Value* value = find(key);
    if (!value) return;
    if (!value->is_string()) return fail_type(key, *value, "string");
    out = std::string(json::view(value->get_string()));
}

void GoStruct::read(std::string_view key, bool& out) {
    std::optional<bool> value;
    read(key, value);
    if (value) out = *value;
}

void GoStruct::read(std::string_view key, std::optional<bool>& out) {
    const json::Value* value = find(key);
    if (!value) return;
    if (!value->is_bool()) return fail_type(key, *value, "bool");
    out = value->get_bool();
}

void GoStruct::read(std::string_view key, int& out) {
    std::optional<int> value;
    read(key, value);
    if (value) out = *value;
}

void GoStruct::read(std::string_view key, std::optional<int>& out) {
    const json::Value* value = find(key);
    if (!value) return;
    if (!value->is_int64()) return fail_type(key, *value, "int");
    const std::int64_t number = value->get_int64();
    constexpr std::int64_t kLow = std::numeric_limits<int>::min();
    constexpr std::int64_t kHigh = std::numeric_limits<int>::max();
    out = static_cast<int>(std::clamp(number, kLow, kHigh));
}

void GoStruct::read(std::string_view key, double& out) {
    std::optional<double> value;
    read(key, value);
    if (value) out = *value;
}

void GoStruct::read(std::string_view key, std::optional<double>& out) {
    const json::Value* value = find(key);
    if (!value) return;
    if (!value->is_number()) return fail_type(key, *value, "float64");
    out = value->to_number<double>();
}

void GoStruct::read(std::string_view key, std::vector<std::string>& out) {
    const json::Value* value = find(key);
    if (!value) return;
    if (!value->is_array()) return fail_type(key, *value, "[]string");
    out.clear();
    for (const auto& item : value->get_array()) {
        if (item.is_string()) {
            out.emplace_back(json::view(item.get_string()));
        } else if (item.is_null()) {
            out.emplace_back();
        } else {
            return fail_type(key, item, "string");
        }
    }
}

void GoStruct::read(std::string_view key, std::vector<std::int32_t>& out) {
    const json::Value* value = find(key);
    if (!value) return;
    if (!value->is_array()) return fail_type(key, *value, "[]int");
    out.clear();
    for (const auto& item : value->get_array()) {
        if (!item.is_int64()) return fail_type(key, item, "int");
        const std::int64_t number = item.get_int64();
        if (number < 0 || number > std::numeric_limits<std::int32_t>::max())
            return fail(fmt::format("{} holds {}, which is no token", key, number));
        out.push_back(static_cast<std::int32_t>(number));
    }
}

void GoStruct::read(std::string_view key, json::Object& out) {
    const json::Value* value = find(key);
    if (!value) return;
    if (!value->is_object()) return fail_type(key, *value, "map[string]interface {}");
    out = value->get_object();
}

std::optional<GoStruct> GoStruct::child(std::string_view key, std::string type) {
    const json::Value* value = find(key);
    if (!value) return std::nullopt;
    if (!value->is_object()) {
        fail_type(key, *value, type);
        return std::nullopt;
    }
    return GoStruct(decoding_, *value, std::move(type), path_to(key));
}

std::vector<GoStruct> GoStruct::children(std::string_view key, const std::string& type) {
    std::vector<GoStruct> out;
    const json::Value* value = find(key);
    if (!value) return out;
    if (!value->is_array()) {
        fail_type(key, *value, "[]" + type);
        return out;
    }
    for (const auto& item : value->get_array()) {
        if (!item.is_object() && !item.is_null()) {
            fail_type(key, item, type);
            return out;
        }
        out.push_back(GoStruct(decoding_, item, type, path_to(key)));
    }
    return out;
}

}  // namespace moat::api
