#include "api/openai/responses_input.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "api/openai/chat_request.h"
#include "api/request/json_fields.h"
#include "api/request/message_parts.h"

namespace moat::api::openai {
namespace {

using models::ChatMessage;

void join(std::string& to, std::string_view text) {
    if (!to.empty()) to += '\n';
    to += text;
}

Status add_part(const json::Value& part, ChatMessage& message) {
    const std::string type = json::string_or(part, "type");
    if (type == "input_text" || type == "output_text" || type == "text") {
        const auto* text = json::find_string(part, "text");
        if (text == nullptr)
            return invalid(fmt::format("a content part of type {} needs 'text'", type));
        add_text(message, json::view(*text));
        return Ok{};
    }
    if (type == "refusal") {
        add_text(message, json::string_or(part, "refusal"));
        return Ok{};
    }
    if (type == "input_image") return add_image_url(message, json::string_or(part, "image_url"));
    return invalid(fmt::format(
        "content parts of type '{}' are not supported: use input_text or input_image", type
    ));
}

// A text, or a list of parts.
Status read_content(const json::Value* content, std::string_view field, ChatMessage& message) {
    if (content == nullptr) return Ok{};
    if (const auto* text = content->if_string()) {
        message.content = json::view(*text);
        return Ok{};
    }
    const auto* parts = content->if_array();
    if (parts == nullptr) return invalid(fmt::format("'{}' must be a string or a list", field));
    for (const json::Value& part : *parts)
        TRY(add_part(part, message));
    return Ok{};
}

Result<ChatMessage> read_message(const json::Value& item) {
    ChatMessage message;
    message.role = json::string_or(item, "role");
    if (message.role == "developer") message.role = "system";
    static constexpr std::array<std::string_view, 3> kRoles = {"system", "user", "assistant"};
    if (std::ranges::find(kRoles, message.role) == kRoles.end())
        return invalid("each message needs a 'role': system, developer, user or assistant");
    TRY(read_content(present(item, "content"), "content", message));
    return message;
}

Result<models::ToolCall> read_call(const json::Value& item) {
    models::ToolCall call;
    call.id = json::string_or(item, "call_id");
    TRY_ASSIGN(call.name, required_text(item, "name"));
    auto arguments = json::read(json::string_or(item, "arguments", "{}"));
    if (!arguments || !arguments->is_object())
        return invalid("invalid function_call arguments: not a JSON object");
    call.arguments = *std::move(arguments);
    return call;
}

Result<ChatMessage> read_call_output(const json::Value& item) {
    ChatMessage message{.role = "tool"};
    TRY_ASSIGN(message.tool_call_id, required_text(item, "call_id"));
    TRY(read_content(present(item, "output"), "output", message));
    return message;
}

// Of "content", if there is any, else of "summary".
std::string reasoning_text(const json::Value& item) {
    std::string text;
    for (const std::string_view field : {"content", "summary"}) {
        if (const auto* parts = json::find_array(item, field); parts != nullptr && text.empty())
            for (const json::Value& part : *parts)
                join(text, json::string_or(part, "text"));
    }
    return text;
}

// Joins the items of one turn.
class InputReader {
  public:
    Status add(const json::Value& item) {
        const std::string type = json::string_or(item, "type", "message");
        if (type == "reasoning") {
            join(turn().thinking, reasoning_text(item));
            return Ok{};
        }
        if (type == "function_call") {
            TRY_ASSIGN(models::ToolCall call, read_call(item));
            turn().tool_calls.push_back(std::move(call));
            return Ok{};
        }
        if (type == "function_call_output") {
            TRY_ASSIGN(ChatMessage output, read_call_output(item));
            put(std::move(output));
            return Ok{};
        }
        // What the vendor's tools found is in the answer that followed.
        if (type == "web_search_call") return Ok{};
        if (type != "message") return unknown(type);
        TRY_ASSIGN(ChatMessage message, read_message(item));
        if (message.role != "assistant" || !in_turn_ || !turn().content.empty()) {
            const bool opens_turn = message.role == "assistant";
            put(std::move(message));
            in_turn_ = opens_turn;
            return Ok{};
        }
        turn().content = std::move(message.content);
        return Ok{};
    }

    std::vector<ChatMessage> take() { return std::move(messages_); }

  private:
    static Error unknown(const std::string& type) {
        if (type == "item_reference") {
            return Error{
                ErrorCode::unsupported,
                "responses are not stored here, so an item_reference refers to nothing: send the "
                "item itself"
            };
        }
        return invalid(fmt::format("input items of type '{}' are not supported", type));
    }
    void put(ChatMessage message) {
        messages_.push_back(std::move(message));
        in_turn_ = false;
    }
    // The assistant's message that is being put together.
    ChatMessage& turn() {
        if (!in_turn_) messages_.push_back({.role = "assistant"});
        in_turn_ = true;
        return messages_.back();
    }

    std::vector<ChatMessage> messages_;
    bool in_turn_ = false;  // messages_.back() is the assistant's, and may grow
};

}  // namespace

Result<std::vector<ChatMessage>> read_input(const json::Value& input) {
    if (const auto* text = input.if_string())
        return std::vector{ChatMessage{.role = "user", .content = std::string(json::view(*text))}};
    const auto* items = input.if_array();
    if (items == nullptr || items->empty())
        return invalid("'input' must be a string or a list of items that is not empty");
    InputReader reader;
    for (const json::Value& item : *items)
        TRY(reader.add(item));
    auto messages = reader.take();
    name_tool_answers(messages);
    return messages;
}

}  // namespace moat::api::openai
