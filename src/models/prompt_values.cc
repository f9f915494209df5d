#include "models/prompt_values.h"

namespace moat::models {
namespace {

using templates::List;
using templates::Map;
using templates::Value;

std::string compact(const json::Value& value) {
    return json::write(value, json::Style::html_safe);
}

// Copies `key` when it is there and not empty, as Go's omitempty does.
void keep(json::Object& out, const json::Value& from, std::string_view key) {
    const json::Value* value = json::find(from, key);
    if (!value || value->is_null()) return;
    if (value->is_string() && value->get_string().empty()) return;
    if (value->is_array() && value->get_array().empty()) return;
    out[key] = *value;
}

json::Value normal_property(const json::Value& property);

json::Object normal_properties(const json::Value& from) {
    json::Object out;
    if (const json::Object* properties = json::find_object(from, "properties"))
        for (const auto& [key, value] : *properties)
            out[key] = normal_property(value);
    return out;
}

// The order of keys is that of Ollama's own encoder: models were trained on it.
json::Value normal_property(const json::Value& property) {
    json::Object out;
    if (const json::Array* options = json::find_array(property, "anyOf");
        options && !options->empty()) {
        json::Array normal;
        for (const auto& option : *options)
            normal.push_back(normal_property(option));
        out["anyOf"] = std::move(normal);
    }
    keep(out, property, "type");
    keep(out, property, "items");
    keep(out, property, "description");
    keep(out, property, "enum");
    if (json::find_object(property, "properties")) out["properties"] = normal_properties(property);
    keep(out, property, "required");
    return out;
}

json::Value normal_parameters(const json::Value& parameters) {
    json::Object out;
    out["type"] = json::string_or(parameters, "type");
    keep(out, parameters, "$defs");
    keep(out, parameters, "items");
    keep(out, parameters, "required");
    out["properties"] = normal_properties(parameters);
    return out;
}

json::Value normal_tool(const json::Value& tool) {
    static const json::Value kNothing = json::Object();
    const json::Value* function = json::find(tool, "function");
    if (!function) function = &kNothing;
    const json::Value* parameters = json::find(*function, "parameters");
    json::Object inner;
    inner["name"] = json::string_or(*function, "name");
    keep(inner, *function, "description");
    inner["parameters"] = normal_parameters(parameters ? *parameters : kNothing);
    json::Object out;
    out["type"] = json::string_or(tool, "type", "function");
    keep(out, tool, "items");
    out["function"] = std::move(inner);
    return out;
}

Value text_value(const json::Value& from, std::string_view key) {
    return Value{json::string_or(from, key)};
}

Value array_value(const json::Value& from, std::string_view key) {
    const json::Value* value = json::find(from, key);
    if (!value || !value->is_array()) return templates::make_list({});
    return templates::from_json(*value);
}

// A property's type: one name or several; one prints bare.
Value type_value(const json::Value& property) {
    const json::Value* type = json::find(property, "type");
    List list;
    if (type && type->is_string()) {
        list.items.push_back(templates::from_json(*type));
        list.printed = json::string_or(property, "type");
        list.json_text = compact(*type);
    } else if (type && type->is_array()) {
        for (const auto& item : type->get_array())
            list.items.push_back(templates::from_json(item));
    } else {
        list.printed = "";
    }
    return templates::make_list(std::move(list));
}

Value property_value(const json::Value& property);

Value properties_value(const json::Value& from) {
    Map map;
    const json::Object* properties = json::find_object(from, "properties");
    if (properties)
        for (const auto& [key, value] : *properties)
            map.fields.emplace_back(std::string(key), property_value(value));
    map.json_text = properties ? compact(*properties) : "{}";
    map.printed = map.json_text;
    return templates::make_map(std::move(map));
}

Value property_value(const json::Value& property) {
    List any_of;
    if (const json::Array* options = json::find_array(property, "anyOf"))
        for (const auto& option : *options)
            any_of.items.push_back(property_value(option));
    const json::Value* items = json::find(property, "items");
    return templates::make_map(
        {.fields =
             {{"AnyOf", templates::make_list(std::move(any_of))},
              {"Type", type_value(property)},
              {"Items", items ? templates::from_json(*items) : Value{}},
              {"Description", text_value(property, "description")},
              {"Enum", array_value(property, "enum")},
              {"Properties", properties_value(property)},
              {"Required", array_value(property, "required")}},
         .struct_name = "api.ToolProperty",
         .json_text = compact(property)}
    );
}

Value parameters_value(const json::Value& parameters) {
    const std::string text = compact(parameters);
    return templates::make_map(
        {.fields =
             {{"Type", text_value(parameters, "type")},
              {"Required", array_value(parameters, "required")},
              {"Properties", properties_value(parameters)}},
         .struct_name = "api.ToolFunctionParameters",
         .printed = text,
         .json_text = text}
    );
}

Value tool_value(const json::Value& tool) {
    const json::Value& function = tool.get_object().at("function");
    const json::Value& parameters = function.get_object().at("parameters");
    const std::string function_text = compact(function);
    Value function_value = templates::make_map(
        {.fields =
             {{"Name", text_value(function, "name")},
              {"Description", text_value(function, "description")},
              {"Parameters", parameters_value(parameters)}},
         .struct_name = "api.ToolFunction",
         .printed = function_text,
         .json_text = function_text}
    );
    const std::string text = compact(tool);
    return templates::make_map(
        {.fields = {{"Type", text_value(tool, "type")}, {"Function", std::move(function_value)}},
         .struct_name = "api.Tool",
         .printed = text,
         .json_text = text}
    );
}

Value arguments_value(const json::Value& arguments) {
    const json::Value object = arguments.is_object() ? arguments : json::Value(json::Object());
    Map map = *templates::from_json(object).map();
    map.json_text = compact(object);
    map.printed = map.json_text;
    return templates::make_map(std::move(map));
}

Value call_value(const ToolCall& call, std::size_t index) {
    const json::Object object = {
        {"index", index},
        {"name", call.name},
        {"arguments", call.arguments.is_object() ? call.arguments : json::Value(json::Object())}
    };
    Value function = templates::make_map(
        {.fields =
             {{"Index", Value{static_cast<std::int64_t>(index)}},
              {"Name", Value{call.name}},
              {"Arguments", arguments_value(call.arguments)}},
         .struct_name = "api.ToolCallFunction",
         .json_text = compact(object)}
    );
    return templates::make_map(
        {.fields = {{"ID", Value{call.id}}, {"Function", std::move(function)}},
         .struct_name = "api.ToolCall",
         .json_text = compact({{"id", call.id}, {"function", object}})}
    );
}

Value message_value(const ChatMessage& message) {
    List calls;
    for (std::size_t i = 0; i < message.tool_calls.size(); ++i)
        calls.items.push_back(call_value(message.tool_calls[i], i));
    List images;
    for (const std::string& image : message.images)
        images.items.push_back(Value{image});
    return templates::make_map(
        {.fields =
             {{"Role", Value{message.role}},
              {"Content", Value{message.content}},
              {"Thinking", Value{message.thinking}},
              {"Images", templates::make_list(std::move(images))},
              {"ToolCalls", templates::make_list(std::move(calls))},
              {"ToolName", Value{message.tool_name}},
              {"ToolCallID", Value{message.tool_call_id}}},
         .struct_name = "api.Message"}
    );
}

}  // namespace

Value message_values(const std::vector<ChatMessage>& messages) {
    List list;
    for (const ChatMessage& message : messages)
        list.items.push_back(message_value(message));
    return templates::make_list(std::move(list));
}

Value tool_values(const json::Value& tools) {
    List list;
    if (!tools.is_array()) return templates::make_list(std::move(list));
    json::Array normal;
    for (const auto& tool : tools.get_array()) {
        normal.push_back(normal_tool(tool));
        list.items.push_back(tool_value(normal.back()));
    }
    list.json_text = compact(normal);
    list.printed = list.json_text;
    return templates::make_list(std::move(list));
}

}  // namespace moat::models
