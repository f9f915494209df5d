#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

// Reads a request body as the servers of this API family do, which are written in Go: the first
// JSON value counts and what follows is ignored, ill-formed UTF-8 and lone surrogates become
// U+FFFD, and mistakes are told in the words of Go's encoding/json, which clients show to people.
// Threads: any. Cost: linear; nesting is limited to 200.
namespace moat::api {

// Errors: invalid_argument: "unexpected EOF", "invalid character 'x' looking for beginning of
// value", ...; "missing request body" when there is nothing but white space.
Result<json::Value> read_go_json(std::string_view body);

}  // namespace moat::api
