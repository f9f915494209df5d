#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/exchange.h"

// How Weaviate says that something went wrong. Threads: any (pure).
namespace moat::api::weaviate {

// Is the path one of this protocol's? (It shares /v1 with others.)
bool owns_path(std::string_view path);

// http::status_of(), but 422 for what is wrong with a request, as Weaviate has it.
int status_of(ErrorCode code);
// {"error":[{"message":TEXT}]}; of 401 {"code":401,"message":TEXT}.
http::Response error_with_status(int status, const Error& error);
http::Response error_response(const Error& error);
// The value of "error" above.
json::Array error_list(const Error& error);

http::Response json_response(const json::Value& body, int status = 200);
http::Response empty_response(int status);

}  // namespace moat::api::weaviate
