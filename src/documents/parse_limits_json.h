#pragma once

#include "base/json.h"
#include "documents/parser.h"

namespace moat::documents {

// ParseLimits on their way to a child process. A missing member keeps its default.
json::Object to_json(const ParseLimits& limits);
ParseLimits parse_limits_from_json(const json::Value& value);

}  // namespace moat::documents
