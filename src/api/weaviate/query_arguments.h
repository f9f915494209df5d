#pragma once

#include <string>

#include "api/weaviate/search.h"
#include "base/json.h"
#include "base/result.h"

namespace moat::api::weaviate {

// The arguments of a class in a GraphQL Get or Aggregate, as the question they ask: where, limit,
// offset, after, sort, the near* ones, bm25, hybrid, groupBy, autocut, tenant. Vectors of targets
// are one. Threads: any (pure). Errors: invalid_argument, naming the argument; unsupported, for a
// search by what this server has no model for.
Result<Query> read_query(const std::string& class_name, const json::Object& arguments);

}  // namespace moat::api::weaviate
