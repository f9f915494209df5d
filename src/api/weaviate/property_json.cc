#include <array>

#include <fmt/format.h>

#include "api/weaviate/class_json.h"
#include "api/weaviate/names.h"

namespace moat::api::weaviate {
namespace {

using collections::DataType;
using collections::Property;
using collections::Tokenization;

constexpr std::array<std::pair<std::string_view, DataType>, 10> kTypes{{
    {"text", DataType::text},
    {"int", DataType::integer},
    {"number", DataType::number},
    {"boolean", DataType::boolean},
    {"date", DataType::date},
    {"uuid", DataType::uuid},
    {"object", DataType::object},
    {"blob", DataType::blob},
    {"geoCoordinates", DataType::geo},
    {"string", DataType::text},  // the old name, which is never told
}};

constexpr std::array<std::pair<std::string_view, Tokenization>, 9> kTokenizations{{
    {"word", Tokenization::word},
    {"whitespace", Tokenization::whitespace},
    {"lowercase", Tokenization::lowercase},
    {"field", Tokenization::field},
    {"trigram", Tokenization::trigram},
    {"gse", Tokenization::gse},
    {"gse_ch", Tokenization::gse_ch},
    {"kagome_ja", Tokenization::kagome_ja},
    {"kagome_kr", Tokenization::kagome_kr},
}};

constexpr std::size_t kMaxNesting = 10;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

std::string_view name_of(DataType type) {
    for (const auto& [name, value] : kTypes)
        if (value == type) return name;
    return "text";
}

std::string_view name_of(Tokenization how) {
    for (const auto& [name, value] : kTokenizations)
        if (value == how) return name;
    return "word";
}

// One name of a type, or of the classes a reference may point to.
Status read_type(const json::Value& body, Property& property) {
    const json::Value* given = member(body, "dataType");
    const json::Array* names = given == nullptr ? nullptr : given->if_array();
    if (names == nullptr || names->empty())
        return invalid(fmt::format("property '{}': dataType must be a list", property.name));
    for (const json::Value& entry : *names) {
        if (!entry.is_string())
            return invalid(fmt::format("property '{}': dataType must hold texts", property.name));
        std::string_view name = json::view(entry.get_string());
        if (!name.empty() && name.front() >= 'A' && name.front() <= 'Z') {
            TRY_ASSIGN(std::string target, class_name(name));
            property.type = DataType::reference;
            property.targets.push_back(std::move(target));
            continue;
        }
        property.array = name.ends_with("[]");
        if (property.array) name.remove_suffix(2);
        const auto* found = std::ranges::find(kTypes, name, &decltype(kTypes)::value_type::first);
        if (found == kTypes.end())
            return Error{
                ErrorCode::unsupported,
                fmt::format(
                    "property '{}': the data type '{}' is not supported", property.name, name
                )
            };
        property.type = found->second;
        if (names->size() > 1)
            return invalid(fmt::format("property '{}': more than one data type", property.name));
        if (name == "string") property.tokenization = Tokenization::whitespace;
    }
    return Ok{};
}

Status read_tokenization_name(const json::Value& body, Property& property) {
    const std::string name = text_or(body, "tokenization", "");
    if (name.empty()) return Ok{};
    const auto* found =
        std::ranges::find(kTokenizations, name, &decltype(kTokenizations)::value_type::first);
    if (found == kTokenizations.end())
        return invalid(fmt::format("property '{}': no tokenization '{}'", property.name, name));
    // Of the old type "string", "word" meant split at white space.
    const bool was_string = property.tokenization == Tokenization::whitespace;
    if (was_string && found->second == Tokenization::word) return Ok{};
    property.tokenization = found->second;
    return Ok{};
}

Status read_tokenization(const json::Value& body, Property& property) {
    if (property.type != DataType::text) return Ok{};
    TRY(read_tokenization_name(body, property));
    const json::Value* analyzer = member(body, "textAnalyzer");
    const std::string stemming = analyzer ? text_or(*analyzer, "stemming", "none") : "none";
    if (stemming == "none") return Ok{};
    if (stemming != "english")
        return invalid(fmt::format(
            "property '{}': there is stemming for english, not for '{}'", property.name, stemming
        ));
    if (property.tokenization != Tokenization::word)
        return invalid(
            fmt::format("property '{}': stemming needs the tokenization word", property.name)
        );
    property.tokenization = Tokenization::english;
    return Ok{};
}

Result<Property> read_nested(const json::Value& body, std::size_t depth) {
    Property property;
    property.name = property_name(text_or(body, "name", ""));
    property.description = text_or(body, "description", "");
    TRY(read_type(body, property));
    TRY(read_tokenization(body, property));
    const bool inverted = flag_or(body, "indexInverted", true);  // the old name of both
    const bool indexed = property.type != DataType::blob;
    property.filterable = flag_or(body, "indexFilterable", inverted) && indexed;
    property.searchable =
        flag_or(body, "indexSearchable", inverted) && property.type == DataType::text;
    for (const std::string_view kept : {"moduleConfig", "indexRangeFilters"})
        if (const json::Value* value = member(body, kept)) property.wire[kept] = *value;
    const json::Value* nested = member(body, "nestedProperties");
    if (nested == nullptr || !nested->is_array()) return property;
    if (depth == kMaxNesting)
        return invalid(fmt::format("property '{}' is nested too deep", property.name));
    for (const json::Value& entry : nested->get_array()) {
        TRY_ASSIGN(Property inner, read_nested(entry, depth + 1));
        property.nested.push_back(std::move(inner));
    }
    return property;
}

}  // namespace

Result<Property> read_property(const json::Value& body) {
    if (!body.is_object()) return invalid("a property must be an object");
    return read_nested(body, 0);
}

json::Object property_json(const Property& property) {
    json::Array types;
    for (const std::string& target : property.targets)
        types.emplace_back(target);
    if (property.type != DataType::reference)
        types.emplace_back(std::string(name_of(property.type)) + (property.array ? "[]" : ""));
    json::Object out{{"name", property.name}, {"dataType", std::move(types)}};
    if (!property.description.empty()) out["description"] = property.description;
    out["indexFilterable"] = property.filterable;
    out["indexSearchable"] = property.searchable && property.type == DataType::text;
    out["indexRangeFilters"] = flag_or(property.wire, "indexRangeFilters", false);
    out["tokenization"] = property.type == DataType::text
                              ? json::Value(name_of(property.tokenization))
                              : json::Value(nullptr);
    if (property.tokenization == Tokenization::english)
        out["textAnalyzer"] = json::Object{{"stemming", "english"}};
    if (const json::Value* config = member(property.wire, "moduleConfig"))
        out["moduleConfig"] = *config;
    if (property.type != DataType::object) return out;
    json::Array nested;
    for (const Property& inner : property.nested)
        nested.emplace_back(property_json(inner));
    out["nestedProperties"] = std::move(nested);
    return out;
}

}  // namespace moat::api::weaviate
