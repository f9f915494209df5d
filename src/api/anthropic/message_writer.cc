#include "api/anthropic/message_writer.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"

namespace moat::api::anthropic {
namespace {

// What was read from the cache is told apart, as this protocol has it.
json::Object usage_json(int input, int cached, int output) {
    return {
        {"input_tokens", input},
        {"cache_creation_input_tokens", 0},
        {"cache_read_input_tokens", cached},
        {"output_tokens", output},
    };
}

}  // namespace

MessageWriter::MessageWriter(Head head, Emit emit)
    : head_(std::move(head)), emit_(std::move(emit)), id_("msg_" + random_hex(12)) {}

bool MessageWriter::send(std::string_view name, json::Object data) {
    json::Object event{{"type", name}};
    for (auto& [key, value] : data)
        event[key] = std::move(value);
    return emit_(name, event);
}

json::Object MessageWriter::message(
    json::Value reason, json::Value stop_sequence, json::Object usage
) const {
    return {
        {"id", id_},
        {"type", "message"},
        {"role", "assistant"},
        {"model", head_.model},
        {"content", content_},
        {"stop_reason", std::move(reason)},
        {"stop_sequence", std::move(stop_sequence)},
        {"usage", std::move(usage)},
    };
}

bool MessageWriter::begin() {
    if (std::exchange(begun_, true)) return true;
    return send(
        "message_start",
        {{"message", message(nullptr, nullptr, usage_json(head_.input_tokens, 0, 0))}}
    );
}

bool MessageWriter::add(const inference::GenerateEvent& event) {
    if (!begin()) return false;
    if (!event.thinking.empty() && !grow(Open::thinking, event.thinking)) return false;
    if (!event.content.empty() && !grow(Open::text, event.content)) return false;
    for (const models::ToolCall& call : event.tool_calls)
        if (!add_tool_use(call)) return false;
    return true;
}

json::Object MessageWriter::block(const std::string& text) const {
    if (open_ == Open::text) return {{"type", "text"}, {"text", text}};
    // The signature is for the vendor's servers, which trust no thought they did not sign.
    return {{"type", "thinking"}, {"thinking", text}, {"signature", ""}};
}

bool MessageWriter::open(Open kind) {
    if (open_ == kind) return true;
    if (!close()) return false;
    open_ = kind;
    return send("content_block_start", {{"index", content_.size()}, {"content_block", block("")}});
}

bool MessageWriter::close() {
    if (open_ == Open::none) return true;
    const std::size_t index = content_.size();
    content_.push_back(block(text_));
    open_ = Open::none;
    text_.clear();
    return send("content_block_stop", {{"index", index}});
}

bool MessageWriter::grow(Open kind, const std::string& text) {
    if (!open(kind)) return false;
    text_ += text;
    const bool thinking = kind == Open::thinking;
    json::Object delta{
        {"type", thinking ? "thinking_delta" : "text_delta"}, {thinking ? "thinking" : "text", text}
    };
    return send("content_block_delta", {{"index", content_.size()}, {"delta", std::move(delta)}});
}

bool MessageWriter::add_tool_use(const models::ToolCall& call) {
    if (!close()) return false;
    called_tools_ = true;
    const std::size_t index = content_.size();
    json::Object tool_use{{"type", "tool_use"}, {"id", call.id}, {"name", call.name}};
    tool_use["input"] = json::Object();
    const json::Object started = tool_use;
    tool_use["input"] = call.arguments;
    content_.push_back(std::move(tool_use));
    const json::Object delta{
        {"type", "input_json_delta"}, {"partial_json", json::write(call.arguments)}
    };
    return send("content_block_start", {{"index", index}, {"content_block", started}}) &&
           send("content_block_delta", {{"index", index}, {"delta", delta}}) &&
           send("content_block_stop", {{"index", index}});
}

json::Object MessageWriter::finish(const inference::GenerateResult& result) {
    // A client that is gone misses the events; the message is whole all the same.
    (void)begin();
    (void)close();
    const auto& stops = head_.stop_sequences;
    const bool stopped =
        !result.stop_string.empty() && std::ranges::find(stops, result.stop_string) != stops.end();
    std::string_view reason = "end_turn";
    if (result.reason == inference::FinishReason::length) reason = "max_tokens";
    if (stopped) reason = "stop_sequence";
    if (called_tools_) reason = "tool_use";
    const json::Value sequence =
        reason == "stop_sequence" ? json::Value(result.stop_string) : json::Value(nullptr);
    json::Object usage = usage_json(
        result.prompt_tokens - result.cached_tokens, result.cached_tokens, result.generated_tokens
    );
    (void)send(
        "message_delta",
        {{"delta", json::Object{{"stop_reason", reason}, {"stop_sequence", sequence}}},
         {"usage", usage}}
    );
    (void)send("message_stop", {});
    return message(json::Value(reason), sequence, std::move(usage));
}

}  // namespace moat::api::anthropic
