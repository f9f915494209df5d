#include "api/anthropic/messages_request.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "api/anthropic/content.h"
#include "api/request/extra_options.h"
#include "api/request/json_fields.h"
#include "api/request/tools.h"

namespace moat::api::anthropic {
namespace {

using inference::ChatRequest;

Status read_conversation(const json::Value& body, ChatRequest& request) {
    const auto* messages = json::find_array(body, "messages");
    if (messages == nullptr || messages->empty()) return invalid("messages is required");
    if (const json::Value* system = present(body, "system")) {
        TRY_ASSIGN(std::string text, read_system(*system));
        if (!text.empty()) request.messages.push_back({.role = "system", .content = text});
    }
    for (const json::Value& item : *messages)
        TRY(read_message(item, request.messages));
    std::map<std::string, std::string, std::less<>> names;
    for (models::ChatMessage& message : request.messages) {
        for (const models::ToolCall& call : message.tool_calls)
            names[call.id] = call.name;
        if (const auto name = names.find(message.tool_call_id); name != names.end())
            message.tool_name = name->second;
    }
    return Ok{};
}

Status read_options(const json::Value& body, bool needs_max_tokens, MessagesRequest& read) {
    json::Object options;
    TRY_ASSIGN(const auto most, integer_field(body, "max_tokens"));
    if (needs_max_tokens && most.value_or(0) < 1)
        return invalid("max_tokens is required and must be positive");
    if (most) options["num_predict"] = *most;
    for (const std::string_view name : {"temperature", "top_p"}) {
        TRY_ASSIGN(const auto number, number_field(body, name));
        if (number) options[name] = *number;
    }
    TRY_ASSIGN(read.stop_sequences, texts_field(body, "stop_sequences"));
    if (!read.stop_sequences.empty())
        options["stop"] = json::Array(read.stop_sequences.begin(), read.stop_sequences.end());
    TRY(add_extra_options(body, options));
    read.request.options = std::move(options);
    return Ok{};
}

Status read_tools(const json::Value& body, ChatRequest& request) {
    const json::Value* tools = present(body, "tools");
    if (tools == nullptr) return Ok{};
    if (!tools->is_array()) return invalid("'tools' must be a list");
    json::Array out;
    for (const json::Value& tool : tools->get_array()) {
        if (json::string_or(tool, "type", "custom") != "custom") continue;
        const std::string name = json::string_or(tool, "name");
        const json::Value* schema = present(tool, "input_schema");
        if (name.empty() || schema == nullptr || !schema->is_object())
            return invalid("each tool needs a 'name' and an 'input_schema'");
        out.push_back(function_tool(name, json::string_or(tool, "description"), *schema));
    }
    if (!out.empty()) request.tools = std::move(out);
    return Ok{};
}

Status read_tool_choice(const json::Value& body, ChatRequest& request) {
    const json::Value* choice = present(body, "tool_choice");
    if (choice == nullptr) return Ok{};
    const std::string type = json::string_or(*choice, "type");
    TRY_ASSIGN(const bool single, flag_field(*choice, "disable_parallel_tool_use", false));
    request.parallel_tool_calls = !single;
    if (type == "tool") {
        // One named tool: a model that must call, and has only that one to call.
        TRY(keep_only_tools(request.tools, {json::string_or(*choice, "name")}, "tool_choice"));
    } else if (type == "any" && !request.tools.is_array()) {
        return invalid("'tool_choice' asks for a call, but there are no 'tools'");
    } else if (type != "auto" && type != "none" && type != "any") {
        return invalid("'tool_choice.type' must be auto, any, tool or none");
    }
    request.tool_choice = type == "auto" || type == "none" ? type : "required";
    return Ok{};
}

// "thinking" decides; "output_config.effort" serves where it says nothing.
Status read_thinking(const json::Value& body, ChatRequest& request) {
    const json::Value* thinking = present(body, "thinking");
    const std::string type = thinking == nullptr ? "" : json::string_or(*thinking, "type");
    if (type == "enabled" || type == "disabled") {
        request.think = type == "enabled";
        return Ok{};
    }
    if (thinking != nullptr && type != "adaptive")
        return invalid("'thinking.type' must be enabled, disabled or adaptive");
    const json::Value* config = present(body, "output_config");
    if (config == nullptr) return Ok{};
    std::string effort = json::string_or(*config, "effort");
    if (effort.empty()) return Ok{};
    if (effort == "xhigh") effort = "max";
    static constexpr std::array<std::string_view, 4> kLevels = {"low", "medium", "high", "max"};
    if (std::ranges::find(kLevels, effort) == kLevels.end())
        return invalid("'output_config.effort' must be low, medium, high or max");
    request.think = true;
    request.think_level = effort;
    return Ok{};
}

// output_config.format: {"type": "json_schema", "schema": {...}}.
Status read_format(const json::Value& body, ChatRequest& request) {
    const json::Value* config = present(body, "output_config");
    const json::Value* format = config == nullptr ? nullptr : present(*config, "format");
    if (format == nullptr) format = present(body, "output_format");
    if (format == nullptr) return Ok{};
    const json::Value* schema = present(*format, "schema");
    if (json::string_or(*format, "type") != "json_schema" || schema == nullptr ||
        !schema->is_object())
        return invalid("'output_config.format' must be of type json_schema, with a 'schema'");
    request.format = *schema;
    return Ok{};
}

}  // namespace

Result<MessagesRequest> read_messages(const json::Value& body, bool needs_max_tokens) {
    MessagesRequest read;
    TRY_ASSIGN(read.request.model, required_text(body, "model"));
    TRY(read_options(body, needs_max_tokens, read));
    TRY(read_conversation(body, read.request));
    TRY(read_tools(body, read.request));
    TRY(read_tool_choice(body, read.request));
    TRY(read_thinking(body, read.request));
    TRY(read_format(body, read.request));
    TRY_ASSIGN(read.stream, flag_field(body, "stream", false));
    return read;
}

}  // namespace moat::api::anthropic
