#pragma once

#include <stop_token>
#include <string>

#include "api/weaviate/graphql_document.h"
#include "api/weaviate/services.h"
#include "base/json.h"
#include "base/principal.h"
#include "base/result.h"

// The answers to GraphQL queries. Threads: any; calls block.
namespace moat::api::weaviate {

// {"data": {...}} and, where something failed, {"errors": [...]}: a class whose query failed is
// null, and so is all of `data` when the query does not fit the schema.
json::Object answer_graphql(
    const Services& services,
    const Principal& who,
    const std::vector<GraphqlField>& query,
    std::stop_token stop
);

// One class of Get: the list of its hits, with what was selected of each.
Result<json::Value> answer_get(
    const Services& services, const Principal& who, const GraphqlField& field, std::stop_token stop
);
// One class of Aggregate: the list of its groups.
Result<json::Value> answer_aggregate(
    const Services& services, const Principal& who, const GraphqlField& field, std::stop_token stop
);

// "Cannot query field ..." (code unsupported is never this): the query does not fit the schema.
Error no_such_field(std::string_view field, std::string_view type);

}  // namespace moat::api::weaviate
