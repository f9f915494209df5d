#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

// The options a model may be given, by a Modelfile's PARAMETER or a request's "options", and the
// type each must have. Threads: any; a constant table.
namespace moat::models {

// A bias is an object of numbers: {"42": -100, " the": 1.5}.
enum class ParameterType { integer, boolean, number, text, list, bias };

struct Parameter {
    std::string_view name;
    ParameterType type;
    bool deprecated = false;  // accepted with a warning, then dropped
};

// nullptr when there is none of this name.
const Parameter* find_parameter(std::string_view name);

// A value of a JSON "options" object. Unknown and deprecated names, and null, are fine.
// Errors: invalid_argument, `option "num_ctx" must be of type integer`.
Status check_option(std::string_view name, const json::Value& value);

// The JSON value of a Modelfile's `PARAMETER name text`; one item, for a list.
// Errors: invalid_argument, "unknown parameter 'x'", "invalid int value [x]", ...
Result<json::Value> parse_parameter(std::string_view name, std::string_view text);

}  // namespace moat::models
