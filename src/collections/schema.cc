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

constexpr std::string_view kBeacon = "weaviate://";
constexpr int kMaxNesting = 32;

Error invalid(std::string message) {
    return {ErrorCode::invalid_argument, std::move(message)};
}

bool is_geo(const json::Object& value) {
    const auto number = [&](std::string_view key) {
        const json::Value* found = value.if_contains(key);
        return found != nullptr && found->is_number();
    };
    return value.size() == 2 && number("latitude") && number("longitude");
}

bool is_uuid_text(std::string_view text) {
    // Plain, with hyphens, in braces, as a URN.
    if (text.size() == 45 && text.starts_with("urn:uuid:")) text.remove_prefix(9);
    if (text.size() == 38 && text.front() == '{' && text.back() == '}') {
        text = text.substr(1, text.size() - 2);
    }
    return (text.size() == 32 || text.size() == 36) && parse_uuid(text).has_value();
}

Result<DataType> infer_scalar(std::string_view name, const json::Value& value) {
    if (value.is_number()) return DataType::number;
    if (value.is_bool()) return DataType::boolean;
    if (value.is_object()) {
        if (value.get_object().contains("beacon")) return DataType::reference;
        return is_geo(value.get_object()) ? DataType::geo : DataType::object;
    }
    if (value.is_array()) {
        return Error{
            ErrorCode::invalid_argument, fmt::format("property '{}' is a list of lists", name)
        };
    }
    if (!value.is_string()) return DataType::text;
    const std::string_view text = json::view(value.get_string());
    if (text.size() >= 20 && parse_rfc3339(text)) return DataType::date;
    if (is_uuid_text(text)) return DataType::uuid;
    return DataType::text;
}

}  // namespace

const Property* Schema::find(std::string_view property) const {
    const auto found = std::ranges::find(properties, property, &Property::name);
    return found == properties.end() ? nullptr : &*found;
}

const NamedVector* Schema::find_vector(std::string_view vector) const {
    const auto found = std::ranges::find(vectors, vector, &NamedVector::name);
    return found == vectors.end() ? nullptr : &*found;
}

bool same_index(const Property& a, const Property& b) {
    return a.type == b.type && a.array == b.array && a.tokenization == b.tokenization &&
           a.filterable == b.filterable && a.searchable == b.searchable;
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
        case DataType::blob:
            return "blob";
        case DataType::geo:
            return "geo";
        case DataType::reference:
            return "reference";
    }
    return "";
}

namespace {

Status validate_nested(const Property& property, int depth);

Status validate_shape(const Property& property, int depth) {
    const auto refuse = [&](std::string_view why) {
        return invalid(fmt::format("property '{}' {}", property.name, why));
    };
    const bool is_reference = property.type == DataType::reference;
    if (property.type == DataType::blob && property.array)
        return refuse("cannot be a list of blobs");
    if (property.type == DataType::geo && property.array)
        return refuse("cannot be a list of places");
    if (is_reference != !property.targets.empty()) {
        return refuse("must name the collections it points to, and only a reference may");
    }
    if (is_reference && depth > 0) return refuse("is a reference inside an object");
    if (property.type != DataType::object && !property.nested.empty()) {
        return refuse("has members and is no object");
    }
    for (const std::string& target : property.targets)
        TRY(validate_name("collection", target));
    return validate_nested(property, depth);
}

Status validate_nested(const Property& property, int depth) {
    if (depth > kMaxNesting) {
        return invalid(fmt::format("property '{}' is nested too deeply", property.name));
    }
    std::set<std::string_view> seen;
    for (const Property& member : property.nested) {
        TRY(validate_name("property", member.name));
        if (!seen.insert(member.name).second) {
            return invalid(fmt::format("property '{}' is declared twice", member.name));
        }
        TRY(validate_shape(member, depth + 1));
    }
    return Ok{};
}

Status validate_vectors(const Schema& schema) {
    std::set<std::string_view> seen;
    for (const NamedVector& vector : schema.vectors) {
        TRY(validate_name("vector", vector.name));
        if (!seen.insert(vector.name).second) {
            return invalid(fmt::format("vector '{}' is declared twice", vector.name));
        }
        if (vector.dimensions > kMaxDimensions) {
            return invalid(
                fmt::format("{} dimensions are more than {}", vector.dimensions, kMaxDimensions)
            );
        }
    }
    if (schema.vectors.size() <= kMaxNamedVectors) return Ok{};
    return invalid(
        fmt::format("collection '{}' has more than {} vectors", schema.name, kMaxNamedVectors)
    );
}

Status validate_settings(const Schema& schema) {
    const auto& [k1, b] = schema.bm25;
    if (!(k1 >= 0 && k1 <= 1000) || !(b >= 0 && b <= 1)) {
        return invalid("of BM25, k1 must be from 0 to 1000 and b from 0 to 1");
    }
    if (!schema.ttl) return Ok{};
    if (schema.ttl->after.count() < 0) return invalid("a time to live cannot be negative");
    const std::string& name = schema.ttl->property;
    if (name == "_created_ms" || name == "_updated_ms") return Ok{};
    const Property* property = schema.find(name);
    if (property == nullptr || property->type != DataType::date || !property->filterable) {
        return invalid(
            fmt::format("the time to live needs a filterable date property, not '{}'", name)
        );
    }
    return Ok{};
}

}  // namespace

Status validate(const Property& property) {
    TRY(validate_name("property", property.name));
    constexpr std::string_view kReserved[] = {
        "id", "_id", "_additional", "_created_ms", "_updated_ms"
    };
    if (std::ranges::find(kReserved, property.name) != std::end(kReserved)) {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("property name '{}' is reserved", property.name)
        };
    }
    return validate_shape(property, 0);
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
    TRY(validate_vectors(schema));
    TRY(validate_settings(schema));
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

Result<std::string> reference_text(const Property& property, const json::Value& value) {
    const auto refuse = [&] {
        return invalid(fmt::format(
            "property '{}' must be a list of references, each \"Collection/uuid\" or an object "
            "with a beacon",
            property.name
        ));
    };
    const json::Value* text_value = value.is_object() ? json::find(value, "beacon") : &value;
    if (text_value == nullptr || !text_value->is_string()) return refuse();
    std::string_view text = json::view(text_value->get_string());
    if (text.starts_with(kBeacon)) {
        text.remove_prefix(kBeacon.size());
        const std::size_t host = text.find('/');
        if (host == std::string_view::npos) return refuse();
        text.remove_prefix(host + 1);
    }
    const std::size_t slash = text.rfind('/');
    const auto id = parse_uuid(slash == std::string_view::npos ? text : text.substr(slash + 1));
    if (!id) return refuse();
    if (slash == std::string_view::npos) {
        if (property.targets.size() == 1) return property.targets.front() + "/" + id->text();
        return invalid(fmt::format(
            "property '{}' may point to several collections: a reference must name one",
            property.name
        ));
    }
    const std::string_view target = text.substr(0, slash);
    if (std::ranges::find(property.targets, target) != property.targets.end()) {
        return std::string(target) + "/" + id->text();
    }
    return invalid(
        fmt::format("property '{}' does not point to a collection '{}'", property.name, target)
    );
}

namespace {

Result<std::string> target_of(std::string_view name, const json::Value& reference) {
    const std::string beacon = json::string_or(reference, "beacon");
    const std::size_t end = beacon.rfind('/');
    const std::size_t begin =
        end == 0 || end == std::string::npos ? end : beacon.rfind('/', end - 1);
    if (!beacon.starts_with(kBeacon) || begin == std::string::npos || begin < kBeacon.size()) {
        return invalid(fmt::format("the beacon in '{}' names no collection", name));
    }
    return beacon.substr(begin + 1, end - begin - 1);
}

// Elements of a list, or the value itself.
std::vector<const json::Value*> elements_of(const json::Value& value) {
    std::vector<const json::Value*> elements;
    if (value.is_array()) {
        for (const json::Value& element : value.get_array())
            elements.push_back(&element);
    } else {
        elements.push_back(&value);
    }
    return elements;
}

Result<bool> widen(Property& property, const json::Value& value, int depth) {
    bool widened = false;
    if (depth > kMaxNesting) {
        return invalid(fmt::format("property '{}' is nested too deeply", property.name));
    }
    for (const json::Value* element : elements_of(value)) {
        if (!element->is_object()) continue;
        if (property.type == DataType::reference && element->get_object().contains("beacon")) {
            auto named = target_of(property.name, *element);
            // One without a collection is of the only one there is, or an error when it is written.
            if (!named && !property.targets.empty()) continue;
            TRY_ASSIGN(std::string target, std::move(named));
            if (std::ranges::find(property.targets, target) != property.targets.end()) continue;
            property.targets.push_back(std::move(target));
            widened = true;
        } else if (property.type == DataType::object) {
            for (const auto& [key, member] : element->get_object()) {
                const std::string_view name(key.data(), key.size());
                auto known = std::ranges::find(property.nested, name, &Property::name);
                if (known == property.nested.end()) {
                    TRY_ASSIGN(Property inferred, infer_property(name, member));
                    property.nested.push_back(std::move(inferred));
                    known = std::prev(property.nested.end());
                    widened = true;
                }
                TRY_ASSIGN(const bool inside, widen(*known, member, depth + 1));
                widened = widened || inside;
            }
        }
    }
    return widened;
}

}  // namespace

Result<std::optional<Property>> widen_property(const Property& known, const json::Value& value) {
    Property widened = known;
    TRY_ASSIGN(const bool changed, widen(widened, value, 0));
    if (!changed) return std::optional<Property>();
    return std::optional(std::move(widened));
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
    if (property.type == DataType::reference) property.array = true;
    // The members of objects and the targets of references; those have no geo in lists.
    if (property.type == DataType::geo && property.array) property.type = DataType::object;
    TRY(widen(property, value, 0));
    return property;
}

}  // namespace moat::collections
