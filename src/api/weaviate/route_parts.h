#pragma once

#include <functional>
#include <string>

#include "api/weaviate/services.h"
#include "base/json.h"
#include "base/result.h"
#include "http/router.h"

// What the route tables of this folder are made with. Threads: any (pure).
namespace moat::api::weaviate {

// Answers with what the handler returns; an error in Weaviate's words.
using Answering = std::function<Result<http::Response>(http::Exchange&)>;
http::Route reading(std::string method, std::string path, Answering handler);
http::Route writing(std::string method, std::string path, Answering handler);

// The body as JSON, unpacked when it came compressed. Errors: invalid_argument, too_large.
Result<json::Value> read_json(const http::Request& request);

// A UUID in the path. Errors: invalid_argument.
Result<Uuid> id_in_path(const http::Request& request);
// The tenant in the query, or "".
std::string tenant_in_query(const http::Request& request);
// A number in the query. Errors: invalid_argument.
Result<std::size_t> count_in_query(
    const http::Request& request, std::string_view name, std::size_t fallback
);

}  // namespace moat::api::weaviate
