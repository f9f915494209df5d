#include "api/request/tools.h"

#include <algorithm>

#include <fmt/format.h>

namespace moat::api {

json::Value function_tool(
    const std::string& name, const std::string& description, const json::Value& parameters
) {
    json::Object function{{"name", name}};
    if (!description.empty()) function["description"] = description;
    function["parameters"] =
        parameters.is_object()
            ? parameters
            : json::Value(json::Object{{"type", "object"}, {"properties", json::Object()}});
    return json::Object{{"type", "function"}, {"function", std::move(function)}};
}

std::string tool_name_of(const json::Value& tool) {
    const json::Value* function = json::find(tool, "function");
    return function == nullptr ? "" : json::string_or(*function, "name");
}

Status keep_only_tools(
    json::Value& tools, const std::vector<std::string>& names, std::string_view field
) {
    json::Array kept;
    for (const std::string& name : names) {
        const auto* list = tools.if_array();
        const json::Value* found = nullptr;
        if (list != nullptr && !name.empty())
            for (const json::Value& tool : *list)
                if (tool_name_of(tool) == name) found = &tool;
        if (found == nullptr) {
            return Error{
                ErrorCode::invalid_argument,
                fmt::format("'{}' names a function that is not in 'tools'", field)
            };
        }
        kept.push_back(*found);
    }
    tools = std::move(kept);
    return Ok{};
}

}  // namespace moat::api
