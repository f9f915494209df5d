#include "api/openai/chat_request.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "api/openai/fields.h"
#include "base/bytes.h"

namespace moat::api::openai {
namespace {

Error invalid(std::string text) {
    return Error{ErrorCode::invalid_argument, std::move(text)};
}

// "data:image/png;base64,...." to bytes. Nothing is fetched from the network.
Result<std::string> image_of(const json::Value& part) {
    const json::Value* holder = json::find(part, "image_url");
    std::string url;
    if (holder != nullptr) {
        url = holder->is_string() ? std::string(json::view(holder->get_string()))
                                  : json::string_or(*holder, "url");
    }
    if (url.starts_with("http://") || url.starts_with("https://")) {
        return invalid(
            "image URLs are not currently supported, please use base64 encoded data instead"
        );
    }
    static constexpr std::array<std::string_view, 4> kTypes = {"jpeg", "jpg", "png", "webp"};
    for (const std::string_view type : kTypes) {
        const std::string prefix = fmt::format("data:image/{};base64,", type);
        if (!url.starts_with(prefix)) continue;
        const auto bytes = from_base64(std::string_view(url).substr(prefix.size()));
        if (!bytes) return invalid("invalid image input");
        return std::string(text_of(*bytes));
    }
    return invalid("invalid image input");
}

Status add_part(const json::Value& part, models::ChatMessage& message) {
    const std::string type = json::string_or(part, "type");
    if (type == "text") {
        const auto* text = json::find_string(part, "text");
        if (text == nullptr) return invalid("a content part of type text needs 'text'");
        if (!message.content.empty()) message.content += '\n';
        message.content += json::view(*text);
        return Ok{};
    }
    if (type == "image_url") {
        TRY_ASSIGN(std::string image, image_of(part));
        message.images.push_back(std::move(image));
        return Ok{};
    }
    return invalid(
        fmt::format("content parts of type '{}' are not supported: use text or image_url", type)
    );
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

// reasoning_effort, or reasoning.effort.
Status read_effort(const json::Value& body, inference::ChatRequest& request) {
    const json::Value* reasoning = json::find(body, "reasoning");
    std::string effort = json::string_or(body, "reasoning_effort");
    if (effort.empty() && reasoning != nullptr) effort = json::string_or(*reasoning, "effort");
    if (effort.empty()) return Ok{};
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

Status read_tools(const json::Value& body, inference::ChatRequest& request) {
    const json::Value* tools = json::find(body, "tools");
    if (tools != nullptr && !tools->is_null()) {
        if (!tools->is_array()) return invalid("'tools' must be a list");
        if (!tools->get_array().empty()) request.tools = *tools;
    }
    const json::Value* choice = json::find(body, "tool_choice");
    if (choice == nullptr || choice->is_null()) return Ok{};
    if (const auto* word = choice->if_string()) {
        request.tool_choice = json::view(*word);
        return Ok{};
    }
    // One named function: a model that must call, and has only that one to call.
    const json::Value* function = json::find(*choice, "function");
    const std::string name = function == nullptr ? "" : json::string_or(*function, "name");
    json::Array kept;
    if (const auto* list = request.tools.if_array()) {
        std::ranges::copy_if(*list, std::back_inserter(kept), [&](const json::Value& tool) {
            const json::Value* its = json::find(tool, "function");
            return its != nullptr && json::string_or(*its, "name") == name;
        });
    }
    if (kept.empty()) return invalid("'tool_choice' names a function that is not in 'tools'");
    request.tools = kept;
    request.tool_choice = "required";
    return Ok{};
}

Status read_logprobs(const json::Value& body, inference::ChatRequest& request) {
    TRY_ASSIGN(const bool wanted, flag_field(body, "logprobs", false));
    TRY_ASSIGN(const auto top, integer_field(body, "top_logprobs"));
    if (top && (*top < 0 || *top > 20)) return invalid("top_logprobs must be between 0 and 20");
    if (wanted) request.top_logprobs = static_cast<int>(top.value_or(0));
    return Ok{};
}

}  // namespace

Result<ChatCompletion> read_chat_completion(const json::Value& body) {
    ChatCompletion read;
    TRY_ASSIGN(const auto model, text_field(body, "model"));
    read.request.model = model.value_or("");
    if (read.request.model.empty()) return invalid("model is required");
    const auto* messages = json::find_array(body, "messages");
    if (messages == nullptr || messages->empty()) return invalid("[] is too short - 'messages'");
    for (const json::Value& item : *messages) {
        TRY_ASSIGN(models::ChatMessage message, read_message(item));
        read.request.messages.push_back(std::move(message));
    }
    TRY_ASSIGN(json::Object options, options_of(body));
    read.request.options = std::move(options);
    TRY_ASSIGN(read.request.format, format_of(body));
    TRY(read_effort(body, read.request));
    TRY(read_tools(body, read.request));
    TRY(read_logprobs(body, read.request));
    TRY_ASSIGN(read.stream, flag_field(body, "stream", false));
    read.include_usage = wants_usage(body);
    return read;
}

}  // namespace moat::api::openai
