#include "api/openai/response_writer.h"

#include <iterator>

#include "api/openai/errors.h"
#include "api/openai/reply.h"
#include "base/ids.h"

namespace moat::api::openai {
namespace {

std::string new_id(std::string_view prefix) {
    return std::string(prefix) + "_" + random_hex(16);
}

json::Object usage_json(const inference::GenerateResult& result, int reasoning_tokens) {
    return {
        {"input_tokens", result.prompt_tokens},
        {"input_tokens_details", json::Object{{"cached_tokens", result.cached_tokens}}},
        {"output_tokens", result.generated_tokens},
        {"output_tokens_details", json::Object{{"reasoning_tokens", reasoning_tokens}}},
        {"total_tokens", result.prompt_tokens + result.generated_tokens},
    };
}

}  // namespace

ResponseWriter::ResponseWriter(json::Object echo, Emit emit)
    : echo_(std::move(echo)),
      emit_(std::move(emit)),
      id_(new_id("resp")),
      created_(new_head("", "").created) {}

bool ResponseWriter::send(std::string_view name, json::Object data) {
    json::Object event{{"type", name}, {"sequence_number", sequence_++}};
    for (auto& [key, value] : data)
        event[key] = std::move(value);
    return emit_(name, event);
}

json::Object ResponseWriter::response(std::string_view status) const {
    json::Object out{
        {"id", id_},
        {"object", "response"},
        {"created_at", created_},
        {"status", status},
        {"background", false},
        {"error", error_},
        {"incomplete_details", incomplete_},
    };
    for (const auto& [key, value] : echo_)
        out[key] = value;
    out["output"] = output_;
    out["usage"] = usage_;
    return out;
}

bool ResponseWriter::begin() {
    if (std::exchange(begun_, true)) return true;
    return send("response.created", {{"response", response("in_progress")}}) &&
           send("response.in_progress", {{"response", response("in_progress")}});
}

bool ResponseWriter::add(const inference::GenerateEvent& event) {
    if (!begin()) return false;
    if (!event.thinking.empty() && !add_thinking(event.thinking)) return false;
    const bool text = !event.content.empty() || !event.logprobs.empty();
    if (text && !add_text(event.content, event.logprobs)) return false;
    for (const models::ToolCall& call : event.tool_calls)
        if (!add_call(call)) return false;
    return true;
}

bool ResponseWriter::send_item(std::string_view name, const json::Object& item) {
    return send(name, {{"output_index", output_.size()}, {"item", item}});
}

// An event about the text of the open item.
bool ResponseWriter::send_text(
    std::string_view name, std::string_view key, json::Value value, json::Object more
) {
    const bool reasoning = open_ == Open::reasoning;
    json::Object data{
        {"item_id", item_id_},
        {"output_index", output_.size()},
        {reasoning ? "summary_index" : "content_index", 0},
        {key, std::move(value)},
    };
    for (auto& [name_of_more, one] : more)
        data[name_of_more] = std::move(one);
    return send(name, std::move(data));
}

json::Object ResponseWriter::part() const {
    if (open_ == Open::reasoning) return {{"type", "summary_text"}, {"text", text_}};
    return {
        {"type", "output_text"},
        {"annotations", json::Array()},
        {"logprobs", logprobs_},
        {"text", text_},
    };
}

// As yet without its text when it is in progress.
json::Object ResponseWriter::open_item(std::string_view status) const {
    const bool reasoning = open_ == Open::reasoning;
    json::Array parts;
    if (status != "in_progress") parts.push_back(part());
    json::Object item{
        {"id", item_id_}, {"type", reasoning ? "reasoning" : "message"}, {"status", status}
    };
    if (!reasoning) item["role"] = "assistant";
    item[reasoning ? "summary" : "content"] = std::move(parts);
    return item;
}

bool ResponseWriter::open(Open kind) {
    if (open_ == kind) return true;
    if (!close()) return false;
    open_ = kind;
    item_id_ = new_id(kind == Open::reasoning ? "rs" : "msg");
    const char* name = kind == Open::reasoning ? "response.reasoning_summary_part.added"
                                               : "response.content_part.added";
    return send_item("response.output_item.added", open_item("in_progress")) &&
           send_text(name, "part", part(), {});
}

// The open item is whole.
bool ResponseWriter::close() {
    if (open_ == Open::none) return true;
    const bool reasoning = open_ == Open::reasoning;
    json::Object logprobs;
    if (!reasoning) logprobs["logprobs"] = logprobs_;
    const json::Object item = open_item("completed");
    const bool sent =
        send_text(
            reasoning ? "response.reasoning_summary_text.done" : "response.output_text.done",
            "text",
            json::Value(text_),
            std::move(logprobs)
        ) &&
        send_text(
            reasoning ? "response.reasoning_summary_part.done" : "response.content_part.done",
            "part",
            part(),
            {}
        ) &&
        send_item("response.output_item.done", item);
    output_.push_back(item);
    open_ = Open::none;
    text_.clear();
    logprobs_.clear();
    return sent;
}

bool ResponseWriter::add_thinking(const std::string& text) {
    if (!open(Open::reasoning)) return false;
    text_ += text;
    all_thinking_ += text;
    return send_text("response.reasoning_summary_text.delta", "delta", json::Value(text), {});
}

bool ResponseWriter::add_text(
    const std::string& text, const std::vector<inference::TokenLogprob>& logprobs
) {
    if (!open(Open::message)) return false;
    text_ += text;
    json::Array entries = logprobs_of(logprobs);
    logprobs_.insert(logprobs_.end(), entries.begin(), entries.end());
    return send_text(
        "response.output_text.delta", "delta", json::Value(text), {{"logprobs", std::move(entries)}}
    );
}

bool ResponseWriter::add_call(const models::ToolCall& call) {
    if (!close()) return false;
    const std::string id = new_id("fc");
    const std::string arguments = json::write(call.arguments);
    const auto item = [&](std::string_view status, const std::string& so_far) {
        return json::Object{
            {"id", id},
            {"type", "function_call"},
            {"status", status},
            {"call_id", call.id},
            {"name", call.name},
            {"arguments", so_far},
        };
    };
    const std::size_t index = output_.size();
    const bool sent =
        send_item("response.output_item.added", item("in_progress", "")) &&
        send(
            "response.function_call_arguments.delta",
            {{"item_id", id}, {"output_index", index}, {"delta", arguments}}
        ) &&
        send(
            "response.function_call_arguments.done",
            {{"item_id", id}, {"output_index", index}, {"name", call.name}, {"arguments", arguments}
            }
        ) &&
        send_item("response.output_item.done", item("completed", arguments));
    output_.push_back(item("completed", arguments));
    return sent;
}

json::Object ResponseWriter::finish(const inference::GenerateResult& result, int reasoning_tokens) {
    // A client that is gone misses the events; the answer is whole all the same.
    (void)begin();
    (void)close();
    usage_ = usage_json(result, reasoning_tokens);
    const bool cut = result.reason == inference::FinishReason::length;
    if (cut) incomplete_ = json::Object{{"reason", "max_output_tokens"}};
    json::Object whole = response(cut ? "incomplete" : "completed");
    (void)send(cut ? "response.incomplete" : "response.completed", {{"response", whole}});
    return whole;
}

void ResponseWriter::fail(const Error& error) {
    (void)close();  // as in finish()
    error_ = json::Object{
        {"code", status_of(error.code) < 500 ? "invalid_prompt" : "server_error"},
        {"message", error.message},
    };
    (void)send("response.failed", {{"response", response("failed")}});
}

}  // namespace moat::api::openai
