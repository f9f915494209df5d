#include "models/convert/published_config.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace moat::models {
namespace {

Error wrong(std::string_view key, std::string_view what) {
    return Error{ErrorCode::invalid_argument, fmt::format("config.json: {} {}", key, what)};
}

// Absent and null are the same to those who write these files.
const json::Value* given(const json::Value& values, std::string_view key) {
    const json::Value* value = json::find(values, key);
    return value && !value->is_null() ? value : nullptr;
}

}  // namespace

Result<PublishedConfig> PublishedConfig::read(const json::Value& config) {
    const auto* names = json::find_array(config, "architectures");
    if (!names || names->empty() || !(*names)[0].is_string()) {
        return Error{
            ErrorCode::invalid_argument,
            "config.json names no architecture, so it does not describe a model that can be "
            "converted"
        };
    }
    json::Object values = config.get_object();
    if (const auto* text = json::find_object(config, "text_config"))
        for (const auto& [key, value] : *text)
            values[key] = value;
    return PublishedConfig(std::string(json::view((*names)[0].get_string())), std::move(values));
}

Result<std::optional<std::uint32_t>> PublishedConfig::optional_count(std::string_view key) const {
    const json::Value* value = given(values_, key);
    if (!value) return std::optional<std::uint32_t>();
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    if (!value->is_int64() || value->get_int64() < 1 || value->get_int64() > kMost)
        return wrong(key, "is not a count");
    return std::optional(static_cast<std::uint32_t>(value->get_int64()));
}

Result<std::uint32_t> PublishedConfig::count(std::string_view key) const {
    TRY_ASSIGN(const auto value, optional_count(key));
    if (!value) return wrong(key, "is missing");
    return *value;
}

Result<std::uint32_t> PublishedConfig::count_or(std::string_view key, std::uint32_t fallback)
    const {
    TRY_ASSIGN(const auto value, optional_count(key));
    return value.value_or(fallback);
}

Result<std::optional<float>> PublishedConfig::optional_number(std::string_view key) const {
    const json::Value* value = given(values_, key);
    if (!value) return std::optional<float>();
    if (!value->is_number()) return wrong(key, "is not a number");
    const double number = json::number_or(values_, key, 0);
    if (!std::isfinite(number) || std::abs(number) > std::numeric_limits<float>::max())
        return wrong(key, "is not a number that fits");
    return std::optional(static_cast<float>(number));
}

Result<float> PublishedConfig::number_or(std::string_view key, float fallback) const {
    TRY_ASSIGN(const auto value, optional_number(key));
    return value.value_or(fallback);
}

std::string PublishedConfig::text_or(std::string_view key, std::string_view fallback) const {
    return json::string_or(values_, key, fallback);
}

bool PublishedConfig::flag_or(std::string_view key, bool fallback) const {
    return json::bool_or(values_, key, fallback);
}

}  // namespace moat::models
