#include "collections/stored_object.h"

#include <algorithm>
#include <charconv>

#include "collections/analysis.h"

namespace moat::collections {
namespace {

bool is_number_type(DataType type) {
    return type == DataType::integer || type == DataType::number;
}

template <class T>
std::optional<json::Value> read_number(std::string_view text) {
    T number{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return json::Value(number);
}

std::optional<json::Value> read_boolean(std::string_view text) {
    if (text == "true") return json::Value(true);
    if (text == "false") return json::Value(false);
    return std::nullopt;
}

// A value that is not of the type yet.
std::optional<json::Value> scalar_as(DataType type, const json::Value& value) {
    if (type == DataType::text && !value.is_string()) {
        if (value.is_object() || value.is_array()) return std::nullopt;
        return json::Value(json::write(value));
    }
    if (!value.is_string()) return value;
    const std::string_view text = json::view(value.get_string());
    switch (type) {
        case DataType::integer:
            return read_number<std::int64_t>(text);
        case DataType::number:
            return read_number<double>(text);
        case DataType::boolean:
            return read_boolean(text);
        default:
            return value;
    }
}

}  // namespace

bool is_convertible(const Property& from, const Property& to) {
    const auto is_plain = [](DataType type) {
        return type != DataType::object && type != DataType::blob && type != DataType::geo &&
               type != DataType::reference;
    };
    if (from.type == to.type) return true;
    if (!is_plain(from.type) || !is_plain(to.type)) return false;
    if (from.type == DataType::text || to.type == DataType::text) return true;
    return is_number_type(from.type) && is_number_type(to.type);
}

std::optional<json::Value> converted(const Property& property, const json::Value& value) {
    if (value.is_null()) return value;
    if (property.array && !value.is_array()) {
        const json::Array one{value};
        return converted(property, one);
    }
    json::Value out = value;
    if (!property.array && property.type != DataType::reference && value.is_array()) {
        const json::Array& list = value.get_array();
        if (list.size() > 1) return std::nullopt;
        out = list.empty() ? json::Value() : list.front();
    }
    if (out.is_array()) {
        for (json::Value& element : out.get_array()) {
            auto made = scalar_as(property.type, element);
            if (!made) return std::nullopt;
            element = std::move(*made);
        }
    } else if (!out.is_null()) {
        auto made = scalar_as(property.type, out);
        if (!made) return std::nullopt;
        out = std::move(*made);
    }
    if (!normalise_value(property, out)) return std::nullopt;
    return out;
}

void to_stored(const StoredSchema& schema, json::Object& properties) {
    if (schema.objects_are_plain()) return;
    json::Object stored;
    for (auto& member : properties) {
        const auto place = schema.find({member.key().data(), member.key().size()});
        if (place) stored[schema.fields[*place].key] = std::move(member.value());
    }
    properties = std::move(stored);
}

void from_stored(const StoredSchema& schema, json::Object& properties) {
    if (schema.objects_are_plain()) return;
    json::Object named;
    // The order of the object stays.
    for (auto& member : properties) {
        const std::string_view key(member.key().data(), member.key().size());
        const auto field = std::ranges::find(schema.fields, key, &StoredSchema::Field::key);
        if (field == schema.fields.end()) continue;
        const auto place = static_cast<std::size_t>(field - schema.fields.begin());
        const Property& property = schema.schema.properties[place];
        if (!field->converted) {
            named[property.name] = std::move(member.value());
        } else if (auto value = converted(property, member.value())) {
            named[property.name] = std::move(*value);
        }
    }
    properties = std::move(named);
}

}  // namespace moat::collections
