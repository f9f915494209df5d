#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/graphql.h"
#include "api/weaviate/names.h"
#include "api/weaviate/query_arguments.h"
#include "api/weaviate/search.h"

namespace moat::api::weaviate {
namespace {

using collections::AggregateGroup;
using collections::DataType;
using collections::Property;
using collections::PropertyStatistics;

constexpr std::size_t kDefaultTop = 5;

std::string type_name(const Property& property) {
    constexpr auto name = [](DataType type) -> std::string_view {
        switch (type) {
            case DataType::integer:
                return "int";
            case DataType::geo:
                return "geoCoordinates";
            case DataType::reference:
                return "cref";
            default:
                return collections::to_string(type);
        }
    };
    return std::string(name(property.type)) + (property.array ? "[]" : "");
}

json::Value optional_number(const std::optional<double>& number, DataType type) {
    if (!number) return {};
    // A sum of integers is one.
    if (type == DataType::integer &&
        *number == static_cast<double>(static_cast<std::int64_t>(*number)))
        return static_cast<std::int64_t>(*number);
    return *number;
}

json::Value share(std::uint64_t part, const PropertyStatistics& statistics) {
    const std::uint64_t all = statistics.total_true + statistics.total_false;
    if (all == 0) return {};
    return static_cast<double>(part) / static_cast<double>(all);
}

json::Array occurrences(
    const PropertyStatistics& statistics, const std::vector<GraphqlField>& fields
) {
    json::Array out;
    for (const auto& occurrence : statistics.top) {
        json::Object entry;
        for (const GraphqlField& field : fields)
            entry[field.key] = field.name == "occurs" ? json::Value(occurrence.count)
                                                      : json::Value(occurrence.value);
        out.push_back(std::move(entry));
    }
    return out;
}

Result<json::Value> statistic(
    const Property& property, const PropertyStatistics& statistics, const GraphqlField& field
) {
    const std::string& name = field.name;
    if (name == "count") return json::Value(statistics.count);
    if (name == "type") return json::Value(type_name(property));
    if (name == "minimum") return statistics.minimum;
    if (name == "maximum") return statistics.maximum;
    if (name == "median") return statistics.median;
    if (name == "mode") return statistics.mode;
    if (name == "mean") return optional_number(statistics.mean, DataType::number);
    if (name == "sum") return optional_number(statistics.sum, property.type);
    if (name == "totalTrue") return json::Value(statistics.total_true);
    if (name == "totalFalse") return json::Value(statistics.total_false);
    if (name == "percentageTrue") return share(statistics.total_true, statistics);
    if (name == "percentageFalse") return share(statistics.total_false, statistics);
    if (name == "topOccurrences") return json::Value(occurrences(statistics, field.fields));
    if (name == "pointingTo")
        return json::Value(json::Array(statistics.pointing_to.begin(), statistics.pointing_to.end())
        );
    return no_such_field(name, "Aggregate" + property.name);
}

json::Value group_value(const json::Value& value) {
    if (value.is_null() || value.is_string()) return value;
    return json::Value(json::write(value));
}

Result<json::Object> write_group(
    const collections::Schema& schema,
    const std::string& group_by,
    const AggregateGroup& group,
    const std::vector<GraphqlField>& fields
) {
    json::Object out;
    for (const GraphqlField& field : fields) {
        json::Object inner;
        const Property* property = schema.find(field.name);
        const auto found = group.properties.find(field.name);
        for (const GraphqlField& wanted : field.fields) {
            if (field.name == "meta" && wanted.name == "count")
                inner[wanted.key] = group.count;
            else if (field.name == "groupedBy" && wanted.name == "value")
                inner[wanted.key] = group_value(group.value);
            else if (field.name == "groupedBy" && wanted.name == "path")
                inner[wanted.key] = json::Array{group_by};
            else if (property != nullptr && found != group.properties.end()) {
                TRY_ASSIGN(inner[wanted.key], statistic(*property, found->second, wanted));
            } else {
                return no_such_field(field.name, "Aggregate" + schema.name);
            }
        }
        out[field.key] = std::move(inner);
    }
    return out;
}

// What the selected fields need to be counted.
Result<std::vector<collections::AggregateProperty>> wanted_properties(
    const collections::Schema& schema, const std::vector<GraphqlField>& fields
) {
    std::vector<collections::AggregateProperty> out;
    for (const GraphqlField& field : fields) {
        if (field.name == "meta" || field.name == "groupedBy") continue;
        if (schema.find(field.name) == nullptr)
            return no_such_field(field.name, "Aggregate" + schema.name);
        collections::AggregateProperty property{.name = field.name};
        for (const GraphqlField& wanted : field.fields) {
            if (wanted.name != "topOccurrences") continue;
            const json::Value arguments = wanted.arguments;
            TRY_ASSIGN(property.top_occurrences, count_or(arguments, "limit", kDefaultTop));
        }
        out.push_back(std::move(property));
    }
    return out;
}

struct Arguments {
    json::Object search;  // those that a Get has too
    std::string group_by;
    std::optional<std::size_t> objects;  // at most so many of those a search finds
    std::size_t groups = 100;
};

Result<Arguments> split_arguments(const GraphqlField& field) {
    Arguments out;
    const json::Value all = field.arguments;
    for (const auto& [key, value] : field.arguments) {
        if (key == "groupBy") {
            const std::vector<std::string> path = texts_of(&value);
            if (path.size() != 1)
                return Error{ErrorCode::invalid_argument, "groupBy needs a path of one property"};
            out.group_by = property_name(path.front());
        } else if (key == "objectLimit") {
            TRY_ASSIGN(out.objects, count_or(all, "objectLimit", 0));
        } else if (key == "limit") {
            TRY_ASSIGN(out.groups, count_or(all, "limit", out.groups));
        } else {
            out.search[key] = value;
        }
    }
    return out;
}

}  // namespace

Result<json::Value> answer_aggregate(
    const Services& services, const Principal& who, const GraphqlField& field, std::stop_token stop
) {
    const Classes classes(services);
    const auto known = classes.open(who, field.name);
    if (!known && known.error().code == ErrorCode::not_found)
        return no_such_field(field.name, "AggregateObjectsObj");
    TRY_ASSIGN(Arguments arguments, split_arguments(field));
    TRY_ASSIGN(Query query, read_query(field.name, arguments.search));
    TRY_ASSIGN(const auto collection, classes.open(who, field.name, query.tenant, false));
    const collections::Schema schema = collection->schema();
    TRY_ASSIGN(auto properties, wanted_properties(schema, field.fields));
    TRY_ASSIGN(
        const auto groups,
        aggregate(
            services,
            who,
            *collection,
            std::move(query),
            {.objects = arguments.objects,
             .group_by = arguments.group_by,
             .groups = arguments.groups,
             .properties = std::move(properties)},
            std::move(stop)
        )
    );
    json::Array out;
    for (const AggregateGroup& group : groups) {
        TRY_ASSIGN(
            json::Object written, write_group(schema, arguments.group_by, group, field.fields)
        );
        out.push_back(std::move(written));
    }
    return json::Value(std::move(out));
}

}  // namespace moat::api::weaviate
