#include "api/anthropic/content.h"

#include <fmt/format.h>

#include "api/request/json_fields.h"
#include "api/request/message_parts.h"

namespace moat::api::anthropic {
namespace {

using models::ChatMessage;

void join(std::string& to, std::string_view text) {
    if (!to.empty()) to += '\n';
    to += text;
}

Result<std::string_view> text_in(const json::Value& block) {
    const auto* text = json::find_string(block, "text");
    if (text == nullptr) return invalid("a block of type text needs 'text'");
    return json::view(*text);
}

Status add_text_block(const json::Value& block, ChatMessage& message) {
    TRY_ASSIGN(const std::string_view text, text_in(block));
    add_text(message, text);
    return Ok{};
}

Status add_image(const json::Value& block, ChatMessage& message) {
    const json::Value* source = present(block, "source");
    const std::string type = source == nullptr ? "" : json::string_or(*source, "type");
    if (type != "base64") {
        return invalid(
            fmt::format("invalid image source type: '{}'. Only base64 images are supported.", type)
        );
    }
    return add_media_base64(message, json::string_or(*source, "data"), "invalid base64 image data");
}

// Of a text; what would have to be read as a file is not for the models.
Status add_document(const json::Value& block, ChatMessage& message) {
    const json::Value* source = present(block, "source");
    if (source == nullptr || json::string_or(*source, "type") != "text")
        return invalid("a document block must have a source of type text");
    add_text(message, json::string_or(*source, "data"));
    return Ok{};
}

Status add_tool_use(const json::Value& block, ChatMessage& message) {
    models::ToolCall call;
    TRY_ASSIGN(call.id, required_text(block, "id"));
    TRY_ASSIGN(call.name, required_text(block, "name"));
    const json::Value* input = present(block, "input");
    if (input != nullptr && !input->is_object())
        return invalid("the 'input' of a tool_use block must be an object");
    call.arguments = input == nullptr ? json::Value(json::Object()) : *input;
    message.tool_calls.push_back(std::move(call));
    return Ok{};
}

Result<ChatMessage> read_tool_result(const json::Value& block) {
    ChatMessage message{.role = "tool"};
    TRY_ASSIGN(message.tool_call_id, required_text(block, "tool_use_id"));
    const json::Value* content = present(block, "content");
    if (content == nullptr) return message;
    if (const auto* text = content->if_string()) {
        message.content = json::view(*text);
        return message;
    }
    const auto* blocks = content->if_array();
    if (blocks == nullptr)
        return invalid("the 'content' of a tool_result must be a string or a list of blocks");
    for (const json::Value& one : *blocks) {
        const std::string type = json::string_or(one, "type");
        if (type == "text") {
            TRY(add_text_block(one, message));
        } else if (type == "image") {
            TRY(add_image(one, message));
        } else {
            return invalid(fmt::format("blocks of type '{}' are not supported here", type));
        }
    }
    return message;
}

// What the vendor's own tools did, and thoughts only the vendor can read: the text that followed
// says what the model needs.
bool is_of_no_use(std::string_view type) {
    return type == "redacted_thinking" || type == "server_tool_use" ||
           type.ends_with("_tool_result");
}

Status add_block(
    const json::Value& block, ChatMessage& message, std::vector<ChatMessage>& results
) {
    const std::string type = json::string_or(block, "type");
    if (type == "text") return add_text_block(block, message);
    if (type == "image") return add_image(block, message);
    if (type == "document") return add_document(block, message);
    if (type == "tool_use") return add_tool_use(block, message);
    if (type == "thinking") {
        join(message.thinking, json::string_or(block, "thinking"));
        return Ok{};
    }
    if (type == "tool_result") {
        TRY_ASSIGN(ChatMessage result, read_tool_result(block));
        results.push_back(std::move(result));
        return Ok{};
    }
    if (is_of_no_use(type)) return Ok{};
    return invalid(fmt::format("content blocks of type '{}' are not supported", type));
}

}  // namespace

Result<std::string> read_system(const json::Value& system) {
    if (const auto* text = system.if_string()) return std::string(json::view(*text));
    const auto* blocks = system.if_array();
    if (blocks == nullptr) return invalid("'system' must be a string or a list of text blocks");
    std::string out;
    for (const json::Value& block : *blocks) {
        TRY_ASSIGN(const std::string_view text, text_in(block));
        join(out, text);
    }
    return out;
}

Status read_message(const json::Value& item, std::vector<ChatMessage>& out) {
    ChatMessage message;
    message.role = json::string_or(item, "role");
    if (message.role != "user" && message.role != "assistant" && message.role != "system")
        return invalid("each message needs a 'role': user, assistant or system");
    const json::Value* content = present(item, "content");
    if (content == nullptr) return invalid("each message needs 'content'");
    if (const auto* text = content->if_string()) {
        message.content = json::view(*text);
        out.push_back(std::move(message));
        return Ok{};
    }
    const auto* blocks = content->if_array();
    if (blocks == nullptr)
        return invalid("the 'content' of a message must be a string or a list of blocks");
    std::vector<ChatMessage> results;
    for (const json::Value& block : *blocks)
        TRY(add_block(block, message, results));
    const bool only_results = !results.empty() && message.content.empty() &&
                              message.images.empty() && message.tool_calls.empty();
    for (ChatMessage& result : results)
        out.push_back(std::move(result));
    if (!only_results) out.push_back(std::move(message));
    return Ok{};
}

}  // namespace moat::api::anthropic
