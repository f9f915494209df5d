#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

// Tools in the form every model is given them: {"type": "function", "function": {"name",
// "description", "parameters"}}. Threads: any.
namespace moat::api {

// One such tool. `parameters` may be null: a function without any.
json::Value function_tool(
    const std::string& name, const std::string& description, const json::Value& parameters
);

// Leaves in `tools` only the functions named. Errors: invalid_argument, when one of them is not
// there; `field` is where they were named.
Status keep_only_tools(
    json::Value& tools, const std::vector<std::string>& names, std::string_view field
);

// The name of a tool; empty when it has none.
std::string tool_name_of(const json::Value& tool);

}  // namespace moat::api
