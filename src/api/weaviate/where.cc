#include "api/weaviate/where.h"

#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "api/weaviate/names.h"
#include "base/clock.h"

namespace moat::api::weaviate {
namespace {

using collections::Filter;
using collections::FilterOperator;

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxConditions = 10'000;

constexpr std::array<std::pair<std::string_view, FilterOperator>, 15> kOperators{{
    {"And", FilterOperator::all_of},
    {"Or", FilterOperator::any_of},
    {"Not", FilterOperator::none_of},
    {"Equal", FilterOperator::equal},
    {"NotEqual", FilterOperator::not_equal},
    {"GreaterThan", FilterOperator::greater},
    {"GreaterThanEqual", FilterOperator::greater_equal},
    {"LessThan", FilterOperator::less},
    {"LessThanEqual", FilterOperator::less_equal},
    {"Like", FilterOperator::like},
    {"IsNull", FilterOperator::is_null},
    {"ContainsAny", FilterOperator::contains_any},
    {"ContainsAll", FilterOperator::contains_all},
    {"ContainsNone", FilterOperator::contains_none},
    {"WithinGeoRange", FilterOperator::within_range},
}};

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, "where: " + std::move(message)};
}

bool is_group(FilterOperator op) {
    return op == FilterOperator::all_of || op == FilterOperator::any_of ||
           op == FilterOperator::none_of;
}

// {geoCoordinates: {latitude, longitude}, distance: {max}}, or {latitude, longitude, distance}.
json::Value read_range(const json::Value& value) {
    const json::Value* place = member(value, "geoCoordinates");
    const json::Value& from = place != nullptr ? *place : value;
    const json::Value* distance = member(value, "distance");
    const json::Value* most = distance != nullptr ? member(*distance, "max") : nullptr;
    return json::Object{
        {"latitude", number_or(from, "latitude", 0)},
        {"longitude", number_or(from, "longitude", 0)},
        {"distance", number_of(most != nullptr ? most : distance, 0)},
    };
}

// The first member whose name begins with "value".
Result<json::Value> read_value(const json::Object& where) {
    for (const auto& [key, value] : where) {
        const std::string_view name(key.data(), key.size());
        if (name.size() < 6 || !equal_ignoring_case(name.substr(0, 5), "value") || value.is_null())
            continue;
        if (equal_ignoring_case(name, "valueGeoRange")) return read_range(value);
        return value;
    }
    return invalid("a condition needs a value such as valueText");
}

// Times come as text of milliseconds, as a date, or as a number.
Result<json::Value> as_milliseconds(const json::Value& value) {
    if (value.is_number()) return json::Value(static_cast<std::int64_t>(number_of(&value, 0)));
    if (value.is_array()) {
        json::Array out;
        for (const json::Value& entry : value.get_array()) {
            TRY_ASSIGN(json::Value time, as_milliseconds(entry));
            out.push_back(std::move(time));
        }
        return json::Value(std::move(out));
    }
    const std::string text = text_of(&value, "");
    std::int64_t ms = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
    if (error == std::errc() && end == text.data() + text.size()) return json::Value(ms);
    const auto time = parse_rfc3339(text);
    if (!time) return invalid("a time must be milliseconds since 1970, or a date as of RFC 3339");
    return json::Value(unix_ms(*time));
}

struct Reader {
    std::size_t conditions = 0;

    Result<Filter> read(const json::Value& where, std::size_t depth) {
        const json::Object* object = where.if_object();
        if (object == nullptr) return invalid("a condition must be an object");
        if (depth > kMaxDepth) return invalid("conditions are nested too deep");
        if (++conditions > kMaxConditions) return invalid("there are too many conditions");
        TRY_ASSIGN(const FilterOperator op, parse_operator(text_or(*object, "operator", "")));
        if (is_group(op)) return read_group(op, *object, depth);
        const json::Value* given = member(*object, "path");
        std::vector<std::string> path = texts_of(given);
        if (path.empty()) return invalid("a condition needs a path");
        TRY_ASSIGN(json::Value value, read_value(*object));
        return filter_at(path, op, std::move(value));
    }

    Result<Filter> read_group(FilterOperator op, const json::Object& where, std::size_t depth) {
        const json::Value* operands = member(where, "operands");
        if (operands == nullptr) return invalid("And, Or and Not need operands");
        Filter filter{.op = op, .property = {}, .value = {}, .operands = {}};
        if (!operands->is_array()) {  // GraphQL takes one value for a list of one
            TRY_ASSIGN(Filter only, read(*operands, depth + 1));
            filter.operands.push_back(std::move(only));
            return filter;
        }
        for (const json::Value& operand : operands->get_array()) {
            TRY_ASSIGN(Filter inner, read(operand, depth + 1));
            filter.operands.push_back(std::move(inner));
        }
        if (filter.operands.empty()) return invalid("And, Or and Not need operands");
        return filter;
    }
};

// One value for an operator that takes a list is a list of one.
Filter condition(std::string property, FilterOperator op, json::Value value) {
    const bool many = op == FilterOperator::contains_any || op == FilterOperator::contains_all ||
                      op == FilterOperator::contains_none;
    if (many && !value.is_array()) value = json::Array{value};
    return {.op = op, .property = std::move(property), .value = std::move(value), .operands = {}};
}

}  // namespace

Result<FilterOperator> parse_operator(std::string_view name) {
    for (const auto& [known, op] : kOperators)
        if (equal_ignoring_case(known, name)) return op;
    return invalid(fmt::format("there is no operator '{}'", name.substr(0, 100)));
}

std::string special_property(std::string_view name) {
    if (name == "id" || name == "_id") return "_id";
    if (name == "_creationTimeUnix" || name == "creationTimeUnix") return "_created_ms";
    if (name == "_lastUpdateTimeUnix" || name == "lastUpdateTimeUnix") return "_updated_ms";
    return property_name(name);
}

Result<Filter> filter_at(
    const std::vector<std::string>& path, FilterOperator op, json::Value value
) {
    if (path.empty() || path.size() > 2 * kMaxDepth)
        return invalid("the path is too short or long");
    std::string property = special_property(path.back());
    if (op != FilterOperator::is_null && (property == "_created_ms" || property == "_updated_ms")) {
        TRY_ASSIGN(value, as_milliseconds(value));
    }
    Filter filter = condition(std::move(property), op, std::move(value));
    if (path.size() % 2 == 0) return invalid("the path must be: reference, class, ..., property");
    for (std::size_t at = path.size() - 1; at >= 2; at -= 2) {
        TRY_ASSIGN(const std::string target, class_name(path[at - 1]));
        Filter outer{
            .op = FilterOperator::refers_to,
            .property = property_name(path[at - 2]),
            .value = json::Value(target),
            .operands = {},
        };
        outer.operands.push_back(std::move(filter));
        filter = std::move(outer);
    }
    return filter;
}

Result<Filter> read_where(const json::Value& where) {
    return Reader{}.read(where, 0);
}

}  // namespace moat::api::weaviate
