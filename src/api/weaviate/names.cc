#include "api/weaviate/names.h"

#include <algorithm>

#include <fmt/format.h>

namespace moat::api::weaviate {
namespace {

constexpr std::size_t kMaxNameBytes = 230;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
bool is_letter(char c) {
    return lower(c) >= 'a' && lower(c) <= 'z';
}
bool is_name_character(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

Result<std::string> class_name(std::string_view text) {
    const bool good = !text.empty() && text.size() <= kMaxNameBytes && is_letter(text.front()) &&
                      std::ranges::all_of(text, is_name_character);
    if (!good)
        return Error{
            ErrorCode::invalid_argument,
            fmt::format(
                "'{}' is not a valid class name: it must be a letter, then letters, digits and "
                "underscores, {} at most",
                text.substr(0, 100),
                kMaxNameBytes
            )
        };
    std::string name(text);
    name.front() = upper(name.front());
    return name;
}

std::string property_name(std::string_view text) {
    std::string name(text);
    if (!name.empty()) name.front() = lower(name.front());
    return name;
}

Result<Beacon> parse_beacon(std::string_view text) {
    const Error invalid{
        ErrorCode::invalid_argument,
        fmt::format(
            "'{}' is not a beacon such as weaviate://localhost/Class/uuid", text.substr(0, 200)
        )
    };
    constexpr std::string_view kScheme = "weaviate://";
    if (!text.starts_with(kScheme)) return invalid;
    text.remove_prefix(kScheme.size());
    const std::size_t host_end = text.find('/');
    if (host_end == std::string_view::npos) return invalid;
    text.remove_prefix(host_end + 1);
    Beacon beacon;
    if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
        TRY_ASSIGN(beacon.class_name, class_name(text.substr(0, slash)));
        text.remove_prefix(slash + 1);
    }
    const auto id = parse_uuid(text);
    if (!id) return invalid;
    beacon.id = *id;
    return beacon;
}

std::string to_text(const Beacon& beacon) {
    return beacon.class_name.empty()
               ? "weaviate://localhost/" + beacon.id.text()
               : fmt::format("weaviate://localhost/{}/{}", beacon.class_name, beacon.id.text());
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

const json::Value* member(const json::Object& object, std::string_view key) {
    const json::Value* found = object.if_contains(key);
    for (const auto& [name, candidate] : object) {
        if (found != nullptr) break;
        if (equal_ignoring_case({name.data(), name.size()}, key)) found = &candidate;
    }
    return found == nullptr || found->is_null() ? nullptr : found;
}

const json::Value* member(const json::Value& value, std::string_view key) {
    const json::Object* object = value.if_object();
    return object == nullptr ? nullptr : member(*object, key);
}

std::string text_of(const json::Value* value, std::string_view fallback) {
    if (value == nullptr || !value->is_string()) return std::string(fallback);
    return std::string(json::view(value->get_string()));
}

bool flag_of(const json::Value* value, bool fallback) {
    return value != nullptr && value->is_bool() ? value->get_bool() : fallback;
}

double number_of(const json::Value* value, double fallback) {
    return value != nullptr && value->is_number() ? value->to_number<double>() : fallback;
}

std::vector<std::string> texts_of(const json::Value* value) {
    std::vector<std::string> out;
    if (value == nullptr) return out;
    if (value->is_string()) out.push_back(text_of(value, ""));
    if (!value->is_array()) return out;
    for (const json::Value& entry : value->get_array())
        if (entry.is_string()) out.push_back(text_of(&entry, ""));
    return out;
}

Result<std::size_t> count_or(const json::Value& value, std::string_view key, std::size_t fallback) {
    const json::Value* found = member(value, key);
    if (found == nullptr) return fallback;
    const double number = found->is_number() ? found->to_number<double>() : -1;
    if (number < 0 || number > 1e9)
        return Error{
            ErrorCode::invalid_argument, fmt::format("{} must be a whole number from 0 on", key)
        };
    return static_cast<std::size_t>(number);
}

}  // namespace moat::api::weaviate
