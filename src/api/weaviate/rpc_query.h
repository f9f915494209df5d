#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weaviate_v1.pb.h>

#include "api/weaviate/search.h"
#include "base/result.h"
#include "collections/filter.h"

// The questions in gRPC messages. Threads: any (pure). Errors: invalid_argument, naming the part;
// unsupported, for what this server has no module for.
namespace moat::api::weaviate {

namespace wire = ::weaviate::v1;

// Little-endian 32-bit floats.
Result<std::vector<float>> read_floats(std::string_view bytes);
std::string write_floats(std::span<const float> vector);

// `schema_of` answers for the classes that references lead to.
using SchemaOf = std::function<Result<collections::Schema>(std::string_view class_name)>;
Result<collections::Filter> read_filters(
    const wire::Filters& filters, const collections::Schema& schema, const SchemaOf& schema_of
);

// Where the message stands alone; the callers set class, tenant, filter and limits.
Status read_near_vector(const wire::NearVector& near, Query& query);
Status read_near_object(const wire::NearObject& near, Query& query);
Status read_near_text(const wire::NearTextSearch& near, Query& query);
Status read_hybrid(const wire::Hybrid& hybrid, Query& query);

Result<Query> read_search(
    const wire::SearchRequest& request, const collections::Schema& schema, const SchemaOf& schema_of
);

}  // namespace moat::api::weaviate
