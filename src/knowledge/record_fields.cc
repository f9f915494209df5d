#include "knowledge/record_fields.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/sha256.h"

namespace moat::knowledge {
namespace {

using collections::DataType;
using collections::Filter;
using collections::Property;
using collections::Tokenization;

constexpr int kMaxFilterDepth = 16;
// Terms longer than this are of no use to a filter and cost index space.
constexpr std::size_t kMaxValueBytes = 1000;

bool is_plain(std::string_view header) {
    return !header.empty() && header.size() <= 40 && std::ranges::all_of(header, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

std::optional<double> number_of(std::string_view text) {
    double number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

bool is_number(const json::Value& value) {
    return value.is_int64() || value.is_uint64() || value.is_double();
}

Property text_field(std::string_view header) {
    Property property;
    property.name = field_property(header);
    property.tokenization = Tokenization::field;
    property.searchable = false;  // a record's text already holds "header: value"
    return property;
}

Property number_field(std::string_view header) {
    Property property;
    property.name = field_number_property(header);
    property.type = DataType::number;
    property.searchable = false;
    return property;
}

Result<Filter> resolve(const Filter& filter, const std::vector<Property>& known, int depth) {
    if (depth > kMaxFilterDepth)
        return Error{ErrorCode::invalid_argument, "the filter is nested too deep"};
    Filter resolved = filter;
    resolved.operands.clear();
    for (const Filter& operand : filter.operands) {
        TRY_ASSIGN(Filter inner, resolve(operand, known, depth + 1));
        resolved.operands.push_back(std::move(inner));
    }
    const bool built_in = filter.property.empty() || filter.property.starts_with('_') ||
                          std::ranges::find(known, filter.property, &Property::name) != known.end();
    if (built_in) return resolved;
    resolved.property = is_number(filter.value) ? field_number_property(filter.property)
                                                : field_property(filter.property);
    return resolved;
}

}  // namespace

std::string field_property(std::string_view header) {
    if (is_plain(header)) return "field_" + std::string(header);
    // A capital letter keeps these apart from every plain header.
    return "field_X" + sha256(bytes_of(header)).hex().substr(0, 16);
}

std::string field_number_property(std::string_view header) {
    return field_property(header) + "_N";
}

std::vector<Property> field_properties(const std::vector<documents::Chunk>& chunks) {
    std::set<std::string, std::less<>> headers;
    for (const documents::Chunk& chunk : chunks)
        for (std::size_t i = 0; i < std::min(chunk.fields.size(), kMaxFields); ++i)
            headers.insert(chunk.fields[i].first);
    std::vector<Property> properties;
    for (const std::string& header : headers) {
        properties.push_back(text_field(header));
        properties.push_back(number_field(header));
    }
    return properties;
}

void add_fields(
    json::Object& properties, std::span<const std::pair<std::string, std::string>> fields
) {
    for (std::size_t i = 0; i < std::min(fields.size(), kMaxFields); ++i) {
        const auto& [header, value] = fields[i];
        if (value.empty() || value.size() > kMaxValueBytes) continue;
        properties[field_property(header)] = value;
        if (const auto number = number_of(value))
            properties[field_number_property(header)] = *number;
    }
}

Result<Filter> resolve_filter(const Filter& filter, const std::vector<Property>& known) {
    return resolve(filter, known, 0);
}

}  // namespace moat::knowledge
