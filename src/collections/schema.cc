#include "collections/schema.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "index/unicode.h"

namespace moat::collections {
namespace {

constexpr std::size_t kMaxNameBytes = 230;
constexpr std::size_t kMaxDimensions = 65535;

Status validate_name(std::string_view what, std::string_view name) {
    const auto refuse = [&](std::string_view why) {
        return Error{ErrorCode::invalid_argument, fmt::format("{} '{}' {}", what, name, why)};
    };
    if (name.empty()) return refuse("has no name");
    if (name.size() > kMaxNameBytes) return refuse("has too long a name");
    if (!is_utf8(name)) return refuse("has a name that is not UTF-8");
    if (name.front() >= '0' && name.front() <= '9') return refuse("must not start with a digit");
    for (std::size_t at = 0; at < name.size();) {
        const char32_t character = index::next_character(name, at);
        if (character != U'_' && index::class_of(character) == index::CharacterClass::other)
            return refuse("may hold letters, digits and underscores only");
    }
    return Ok{};
}

Result<DataType> infer_scalar(std::string_view name, const json::Value& value) {
    if (value.is_number()) return DataType::number;
    if (value.is_bool()) return DataType::boolean;
    if (value.is_object()) return DataType::object;
    if (value.is_array()) {
        return Error{
            ErrorCode::invalid_argument, fmt::format("property '{}' is a list of lists", name)
        };
    }
    if (!value.is_string()) return DataType::text;
    const std::string_view text = json::view(value.get_string());
    if (text.size() >= 20 && parse_rfc3339(text)) return DataType::date;
    if ((text.size() == 32 || text.size() == 36) && parse_uuid(text)) return DataType::uuid;
    return DataType::text;
}

}  // namespace

const Property* Schema::find(std::string_view property) const {
    const auto found = std::ranges::find(properties, property, &Property::name);
    return found == properties.end() ? nullptr : &*found;
}

std::string_view to_string(DataType type) {
    switch (type) {
        case DataType::text:
            return "text";
        case DataType::integer:
            return "integer";
        case DataType::number:
            return "number";
        case DataType::boolean:
            return "boolean";
        case DataType::date:
            return "date";
        case DataType::uuid:
            return "uuid";
        case DataType::object:
            return "object";
    }
    return "";
}

Status validate(const Property& property) {
    TRY(validate_name("property", property.name));
    if (property.name == "id" || property.name.front() == '_') {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("property name '{}' is reserved", property.name)
        };
    }
    return Ok{};
}

Status validate(const Schema& schema) {
    TRY(validate_name("collection", schema.name));
    if (schema.dimensions > kMaxDimensions) {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("{} dimensions are more than {}", schema.dimensions, kMaxDimensions)
        };
    }
    if (schema.properties.size() > kMaxProperties) {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("collection '{}' has more than {} properties", schema.name, kMaxProperties)
        };
    }
    std::set<std::string_view> seen;
    for (const Property& property : schema.properties) {
        TRY(validate(property));
        if (!seen.insert(property.name).second) {
            return Error{
                ErrorCode::invalid_argument,
                fmt::format("property '{}' is declared twice", property.name)
            };
        }
    }
    return Ok{};
}

Result<Property> infer_property(std::string_view name, const json::Value& value) {
    Property property;
    property.name = name;
    const json::Value* sample = &value;
    if (value.is_array()) {
        property.array = true;
        const json::Array& list = value.get_array();
        if (list.empty()) return property;
        sample = &list.front();
    }
    TRY_ASSIGN(property.type, infer_scalar(name, *sample));
    return property;
}

}  // namespace moat::collections
