#pragma once

#include "base/json.h"
#include "base/result.h"
#include "collections/filter.h"

// Weaviate's `where` as a condition of ours. Threads: any (pure).
namespace moat::api::weaviate {

// {path, operator, value*} or {operator, operands}, as REST bodies and GraphQL arguments write it.
// Errors: invalid_argument.
Result<collections::Filter> read_where(const json::Value& where);

// A condition at the end of a path of names: "Doc" after a reference leads into that class.
// "id", "_creationTimeUnix", "_lastUpdateTimeUnix" and "len(name)" are known. The value is turned
// into what the property needs. Errors: invalid_argument.
Result<collections::Filter> filter_at(
    const std::vector<std::string>& path, collections::FilterOperator op, json::Value value
);

// By its name in JSON: "Equal". Errors: invalid_argument.
Result<collections::FilterOperator> parse_operator(std::string_view name);

// How the last name of a path is called in collections.
std::string special_property(std::string_view name);

}  // namespace moat::api::weaviate
