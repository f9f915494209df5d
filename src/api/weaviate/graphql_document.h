#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace moat::api::weaviate {

// One selection of a query, with its arguments as JSON (names of enumerations as texts) and its
// variables filled in.
struct GraphqlField {
    std::string key;   // in the reply: the alias, else the name
    std::string name;  // "..." for `... on type {fields}`
    std::string type;  // of that
    json::Object arguments;
    std::vector<GraphqlField> fields;
};

// The selections of one query of a GraphQL document: fields, arguments, aliases, variables,
// fragments. A recursive descent, bounded in depth and in fields after fragments are put in.
//
// Lenient where Weaviate's clients are careless: a string may hold line breaks, and a backslash
// before a character that needs none stands for itself.
//
// Errors: invalid_argument, with the line and what was expected; unsupported, for mutations,
// subscriptions and directives. Threads: any. Source: GraphQL, October 2021, section 2.
Result<std::vector<GraphqlField>> parse_graphql(
    std::string_view text, std::string_view operation, const json::Object& variables
);

}  // namespace moat::api::weaviate
