#include "api/openai/chat_request.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/core.h>

#include "api/openai/fields.h"
#include "api/request/message_parts.h"
#include "api/request/tools.h"

namespace moat::api::openai {
namespace {

// A string, or {"url": "..."}.
Status add_image(const json::Value& part, models::ChatMessage& message) {
    const json::Value* holder = present(part, "image_url");
    if (holder == nullptr) return invalid("a content part of type image_url needs 'image_url'");
    const auto* url = holder->if_string();
    return add_image_url(
        message, url != nullptr ? std::string(json::view(*url)) : json::string_or(*holder, "url")
    );
}

// {"data": base64, "format": "wav" or "mp3"}. What it is, the data says itself.
Status add_sound(const json::Value& part, models::ChatMessage& message) {
    const json::Value* holder = present(part, "input_audio");
    if (holder == nullptr) return invalid("a content part of type input_audio needs 'input_audio'");
    return add_media_base64(message, json::string_or(*holder, "data"), "invalid audio input");
}

Status add_part(const json::Value& part, models::ChatMessage& message) {
    const std::string type = json::string_or(part, "type");
    if (type == "text") {
        const auto* text = json::find_string(part, "text");
        if (text == nullptr) return invalid("a content part of type text needs 'text'");
        add_text(message, json::view(*text));
        return Ok{};
    }
    if (type == "image_url") return add_image(part, message);
    if (type == "input_audio") return add_sound(part, message);
    return invalid(fmt::format(
        "content parts of type '{}' are not supported: use text, image_url or input_audio", type
    ));
}

Status read_content(const json::Value& item, models::ChatMessage& message) {
    const json::Value* content = json::find(item, "content");
    if (content == nullptr || content->is_null()) return Ok{};
    if (const auto* text = content->if_string()) {
        message.content = json::view(*text);
        return Ok{};
    }
    const auto* parts = content->if_array();
    if (parts == nullptr)
        return invalid("invalid message format: 'content' must be a string or a list of parts");
    for (const json::Value& part : *parts) {
        TRY(add_part(part, message));
    }
    return Ok{};
}

Result<models::ToolCall> read_tool_call(const json::Value& item) {
    const json::Value* function = json::find(item, "function");
    if (function == nullptr) return invalid("a tool call needs 'function'");
    models::ToolCall call;
    call.id = json::string_or(item, "id");
    call.name = json::string_or(*function, "name");
    auto arguments = json::read(json::string_or(*function, "arguments", "{}"));
    if (!arguments || !arguments->is_object())
        return invalid("invalid tool call arguments: not a JSON object");
    call.arguments = std::move(*arguments);
    return call;
}

Result<models::ChatMessage> read_message(const json::Value& item) {
    models::ChatMessage message;
    message.role = json::string_or(item, "role");
    if (message.role == "developer") message.role = "system";
    static constexpr std::array<std::string_view, 4> kRoles = {
        "system", "user", "assistant", "tool"
    };
    if (std::ranges::find(kRoles, message.role) == kRoles.end()) {
        return invalid("each message needs a 'role': system, user, assistant or tool");
    }
    TRY(read_content(item, message));
    message.thinking = json::string_or(item, "reasoning");
    if (message.thinking.empty()) message.thinking = json::string_or(item, "reasoning_content");
    message.tool_name = json::string_or(item, "name");
    message.tool_call_id = json::string_or(item, "tool_call_id");
    if (const auto* calls = json::find_array(item, "tool_calls")) {
        for (const json::Value& call : *calls) {
            TRY_ASSIGN(models::ToolCall read, read_tool_call(call));
            message.tool_calls.push_back(std::move(read));
        }
    }
    return message;
}

Status read_tools(const json::Value& body, inference::ChatRequest& request) {
    const json::Value* tools = present(body, "tools");
    if (tools == nullptr) return Ok{};
    if (!tools->is_array()) return invalid("'tools' must be a list");
    for (const json::Value& tool : tools->get_array())
        if (tool_name_of(tool).empty())
            return invalid("each of 'tools' must be a function with a name");
    if (!tools->get_array().empty()) request.tools = *tools;
    return Ok{};
}

// The name in {"type": "function", "function": {"name"}} (chat) or {"type", "name"} (responses).
std::string named_function(const json::Value& choice) {
    const json::Value* function = present(choice, "function");
    return function == nullptr ? json::string_or(choice, "name")
                               : json::string_or(*function, "name");
}

// {"type": "allowed_tools", "mode", "tools": [...]}; in chat one deeper.
Status allow_tools(const json::Value& choice, inference::ChatRequest& request) {
    const json::Value* inner = present(choice, "allowed_tools");
    const json::Value& holder = inner == nullptr ? choice : *inner;
    std::vector<std::string> names;
    if (const auto* list = json::find_array(holder, "tools"))
        for (const json::Value& tool : *list)
            names.push_back(named_function(tool));
    TRY(keep_only_tools(request.tools, names, "tool_choice"));
    request.tool_choice = json::string_or(holder, "mode", "auto");
    return Ok{};
}

Status choose(const json::Value& choice, inference::ChatRequest& request) {
    if (const auto* word = choice.if_string()) {
        request.tool_choice = json::view(*word);
    } else if (json::string_or(choice, "type") == "allowed_tools") {
        TRY(allow_tools(choice, request));
    } else {
        // One named function: a model that must call, and has only that one to call.
        TRY(keep_only_tools(request.tools, {named_function(choice)}, "tool_choice"));
        request.tool_choice = "required";
    }
    static constexpr std::array<std::string_view, 3> kWords = {"auto", "none", "required"};
    if (std::ranges::find(kWords, request.tool_choice) == kWords.end())
        return invalid("'tool_choice' must be auto, none, required or a function of 'tools'");
    if (request.tool_choice == "required" && !request.tools.is_array())
        return invalid("'tool_choice' is required, but there are no 'tools'");
    return Ok{};
}

Status read_logprobs(const json::Value& body, inference::ChatRequest& request) {
    TRY_ASSIGN(const bool wanted, flag_field(body, "logprobs", false));
    TRY_ASSIGN(const auto top, integer_field(body, "top_logprobs"));
    if (top && (*top < 0 || *top > 20)) return invalid("top_logprobs must be between 0 and 20");
    if (wanted) request.top_logprobs = static_cast<int>(top.value_or(0));
    return Ok{};
}

// As the servers of open models spell it: {"chat_template_kwargs": {"enable_thinking": false}}.
Status read_enable_thinking(const json::Value& body, inference::ChatRequest& request) {
    const json::Value* arguments = present(body, "chat_template_kwargs");
    if (arguments == nullptr || present(*arguments, "enable_thinking") == nullptr) return Ok{};
    TRY_ASSIGN(request.think, flag_field(*arguments, "enable_thinking", true));
    return Ok{};
}

}  // namespace

Status add_image_url(models::ChatMessage& message, const std::string& url) {
    if (url.starts_with("http://") || url.starts_with("https://")) {
        return invalid(
            "image URLs are not currently supported, please use base64 encoded data instead"
        );
    }
    static constexpr std::array<std::string_view, 4> kTypes = {"jpeg", "jpg", "png", "webp"};
    for (const std::string_view type : kTypes) {
        const std::string prefix = fmt::format("data:image/{};base64,", type);
        if (!url.starts_with(prefix)) continue;
        const std::string_view base64 = std::string_view(url).substr(prefix.size());
        return add_media_base64(message, base64, "invalid image input");
    }
    return invalid("invalid image input");
}

Status read_effort(const json::Value& body, inference::ChatRequest& request) {
    const json::Value* reasoning = present(body, "reasoning");
    std::string effort = json::string_or(body, "reasoning_effort");
    if (effort.empty() && reasoning != nullptr) effort = json::string_or(*reasoning, "effort");
    if (effort.empty()) return read_enable_thinking(body, request);
    if (effort == "minimal") effort = "low";
    if (effort == "xhigh" || effort == "ultra") effort = "max";
    request.think = effort != "none";
    if (effort == "none") return Ok{};
    static constexpr std::array<std::string_view, 4> kLevels = {"low", "medium", "high", "max"};
    if (std::ranges::find(kLevels, effort) == kLevels.end()) {
        return invalid(fmt::format(
            "invalid reasoning value: '{}' (must be \"high\", \"medium\", \"low\", \"max\", or "
            "\"none\")",
            effort
        ));
    }
    request.think_level = effort;
    return Ok{};
}

Status read_tool_choice(const json::Value& body, inference::ChatRequest& request) {
    TRY_ASSIGN(request.parallel_tool_calls, flag_field(body, "parallel_tool_calls", true));
    const json::Value* choice = present(body, "tool_choice");
    return choice == nullptr ? Status(Ok{}) : choose(*choice, request);
}

void name_tool_answers(std::vector<models::ChatMessage>& messages) {
    std::map<std::string, std::string, std::less<>> names;
    for (models::ChatMessage& message : messages) {
        for (const models::ToolCall& call : message.tool_calls)
            names[call.id] = call.name;
        if (message.role != "tool" || !message.tool_name.empty()) continue;
        const auto found = names.find(message.tool_call_id);
        if (found != names.end()) message.tool_name = found->second;
    }
}

Result<ChatCompletion> read_chat_completion(const json::Value& body) {
    ChatCompletion read;
    TRY_ASSIGN(read.request.model, required_text(body, "model"));
    const auto* messages = json::find_array(body, "messages");
    if (messages == nullptr || messages->empty()) return invalid("[] is too short - 'messages'");
    for (const json::Value& item : *messages) {
        TRY_ASSIGN(models::ChatMessage message, read_message(item));
        read.request.messages.push_back(std::move(message));
    }
    name_tool_answers(read.request.messages);
    TRY_ASSIGN(json::Object options, options_of(body));
    read.request.options = std::move(options);
    TRY_ASSIGN(read.request.format, format_of(body));
    TRY(read_effort(body, read.request));
    TRY(read_tools(body, read.request));
    TRY(read_tool_choice(body, read.request));
    TRY(read_logprobs(body, read.request));
    TRY_ASSIGN(read.count, count_of(body));
    TRY_ASSIGN(read.stream, flag_field(body, "stream", false));
    read.include_usage = wants_usage(body);
    return read;
}

}  // namespace moat::api::openai
