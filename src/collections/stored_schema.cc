#include "collections/stored_schema.h"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"

namespace moat::collections {
namespace {

constexpr std::int64_t kFormatVersion = 1;

template <class T>
struct Name {
    T value;
    std::string_view text;
};
constexpr std::array<Name<DataType>, 10> kTypes{{
    {DataType::text, "text"},
    {DataType::integer, "integer"},
    {DataType::number, "number"},
    {DataType::boolean, "boolean"},
    {DataType::date, "date"},
    {DataType::uuid, "uuid"},
    {DataType::object, "object"},
    {DataType::blob, "blob"},
    {DataType::geo, "geo"},
    {DataType::reference, "reference"},
}};
constexpr std::array<Name<Tokenization>, 9> kTokenizations{{
    {Tokenization::word, "word"},
    {Tokenization::whitespace, "whitespace"},
    {Tokenization::lowercase, "lowercase"},
    {Tokenization::field, "field"},
    {Tokenization::trigram, "trigram"},
    {Tokenization::gse, "gse"},
    {Tokenization::gse_ch, "gse_ch"},
    {Tokenization::kagome_ja, "kagome_ja"},
    {Tokenization::kagome_kr, "kagome_kr"},
}};
constexpr std::array<Name<Distance>, 3> kDistances{{
    {Distance::cosine, "cosine"},
    {Distance::dot, "dot"},
    {Distance::l2_squared, "l2_squared"},
}};

template <class T, std::size_t N>
std::string_view text_for(const std::array<Name<T>, N>& names, T value) {
    for (const auto& name : names) {
        if (name.value == value) return name.text;
    }
    return "";
}

template <class T, std::size_t N>
std::optional<T> value_for(const std::array<Name<T>, N>& names, std::string_view text) {
    for (const auto& name : names) {
        if (name.text == text) return name.value;
    }
    return std::nullopt;
}

Error corrupt(std::string_view what) {
    return {ErrorCode::corrupt, fmt::format("a stored schema has a wrong {}", what)};
}

Result<Property> property_from(const json::Value& value) {
    const auto type = value_for(kTypes, json::string_or(value, "type"));
    const auto tokenization = value_for(kTokenizations, json::string_or(value, "tokenization"));
    if (!type || !tokenization) return corrupt("property");
    Property property;
    property.name = json::string_or(value, "name");
    property.type = *type;
    property.tokenization = *tokenization;
    property.array = json::bool_or(value, "array", false);
    property.filterable = json::bool_or(value, "filterable", true);
    property.searchable = json::bool_or(value, "searchable", true);
    return property;
}

}  // namespace

StoredSchema StoredSchema::make(CollectionNumber number, const Schema& schema) {
    StoredSchema stored;
    stored.number = number;
    stored.schema = schema;
    stored.schema.properties.clear();
    for (const Property& property : schema.properties)
        stored.add(property);
    return stored;
}

void StoredSchema::add(const Property& property) {
    schema.properties.push_back(property);
    numbers.push_back(next_property++);
}

std::string StoredSchema::to_json() const {
    json::Array list;
    for (std::size_t i = 0; i < schema.properties.size(); ++i) {
        const Property& property = schema.properties[i];
        list.push_back(json::Object{
            {"number", numbers[i]},
            {"name", property.name},
            {"type", text_for(kTypes, property.type)},
            {"array", property.array},
            {"tokenization", text_for(kTokenizations, property.tokenization)},
            {"filterable", property.filterable},
            {"searchable", property.searchable},
        });
    }
    return json::write(json::Object{
        {"format", kFormatVersion},
        {"collection", number},
        {"name", schema.name},
        {"distance", text_for(kDistances, schema.distance)},
        {"dimensions", schema.dimensions},
        {"next_property", next_property},
        {"properties", std::move(list)},
    });
}

Result<StoredSchema> StoredSchema::from_json(std::string_view text) {
    const auto parsed = json::read(text);
    if (!parsed) return corrupt("form");
    if (json::int_or(*parsed, "format", 0) != kFormatVersion) {
        return Error{ErrorCode::unsupported, "a collection was written by a newer version"};
    }
    const auto distance = value_for(kDistances, json::string_or(*parsed, "distance"));
    const json::Array* properties = json::find_array(*parsed, "properties");
    if (!distance || properties == nullptr) return corrupt("distance or list of properties");
    StoredSchema stored;
    stored.number = static_cast<CollectionNumber>(json::int_or(*parsed, "collection", 0));
    stored.schema.name = json::string_or(*parsed, "name");
    stored.schema.distance = *distance;
    stored.schema.dimensions = static_cast<std::size_t>(json::int_or(*parsed, "dimensions", 0));
    stored.next_property = static_cast<PropertyNumber>(json::int_or(*parsed, "next_property", 0));
    for (const json::Value& value : *properties) {
        TRY_ASSIGN(Property property, property_from(value));
        stored.schema.properties.push_back(std::move(property));
        stored.numbers.push_back(static_cast<PropertyNumber>(json::int_or(value, "number", 0)));
    }
    if (stored.number == 0 || !validate(stored.schema)) return corrupt("name or number");
    return stored;
}

}  // namespace moat::collections
