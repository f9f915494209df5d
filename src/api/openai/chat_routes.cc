#include <optional>

#include "api/openai/chat_request.h"
#include "api/openai/errors.h"
#include "api/openai/fields.h"
#include "api/openai/reply.h"
#include "api/openai/routes.h"
#include "http/sse.h"

namespace moat::api::openai {
namespace {

using inference::GenerateEvent;
using inference::GenerateResult;

// chat.completion.chunk events; the first delta carries the role.
class ChatStream {
  public:
    ChatStream(http::Exchange& exchange, ReplyHead head) : sse_(exchange), head_(std::move(head)) {}

    bool opened() const { return sse_.opened(); }

    bool delta(const GenerateEvent& event) {
        json::Object delta;
        if (!event.content.empty()) delta["content"] = event.content;
        if (!event.thinking.empty()) delta["reasoning"] = event.thinking;
        if (!event.tool_calls.empty()) {
            delta["tool_calls"] = tool_calls_of(event.tool_calls, tool_calls_);
            tool_calls_ += event.tool_calls.size();
        }
        if (delta.empty() && event.logprobs.empty()) return true;
        return send(std::move(delta), nullptr, event.logprobs).has_value();
    }

    // A client that is gone needs no ending, so its errors stop here.
    void end(const GenerateResult& result, bool include_usage) {
        if (!send({}, json::Value(finish_reason(result, tool_calls_ > 0)), {})) return;
        if (include_usage) {
            json::Object chunk = head_.open("chat.completion.chunk");
            chunk["choices"] = json::Array();
            chunk["usage"] = usage_of(result);
            if (!sse_.event("", json::Value(std::move(chunk)))) return;
        }
        if (!sse_.event("", std::string_view("[DONE]"))) return;
        sse_.finish();
    }

    void fail(const Error& error) {
        if (!sse_.event("", error_body(error))) return;
        sse_.finish();
    }

  private:
    Status send(
        json::Object delta, json::Value reason, const std::vector<inference::TokenLogprob>& logprobs
    ) {
        if (!started_) {
            json::Object first{{"role", "assistant"}};
            if (!delta.contains("content")) first["content"] = "";
            for (auto& [key, value] : delta)
                first[key] = std::move(value);
            delta = std::move(first);
            started_ = true;
        }
        json::Object choice{
            {"index", 0}, {"delta", std::move(delta)}, {"finish_reason", std::move(reason)}
        };
        if (!logprobs.empty())
            choice["logprobs"] = json::Object{{"content", logprobs_of(logprobs)}};
        json::Object chunk = head_.open("chat.completion.chunk");
        chunk["choices"] = json::Array{std::move(choice)};
        return sse_.event("", json::Value(std::move(chunk)));
    }

    http::SseStream sse_;
    ReplyHead head_;
    bool started_ = false;
    std::size_t tool_calls_ = 0;
};

void stream_chat(
    http::Exchange& exchange, inference::ModelRuntime& runtime, const ChatCompletion& read
) {
    ChatStream stream(exchange, new_head("chatcmpl", read.request.model));
    const auto result = runtime.chat(
        exchange.request().principal,
        read.request,
        [&](const GenerateEvent& event) { return stream.delta(event); },
        exchange.client_gone()
    );
    if (result) return stream.end(*result, read.include_usage);
    if (stream.opened()) return stream.fail(result.error());
    exchange.send(error_response(result.error()));
}

json::Object message_of(const GenerateEvent& all) {
    json::Object message{{"role", "assistant"}, {"content", all.content}};
    if (!all.thinking.empty()) message["reasoning"] = all.thinking;
    if (!all.tool_calls.empty()) message["tool_calls"] = tool_calls_of(all.tool_calls, 0);
    return message;
}

void answer_chat(
    http::Exchange& exchange, inference::ModelRuntime& runtime, const ChatCompletion& read
) {
    GenerateEvent all;
    const auto collect = [&](const GenerateEvent& event) {
        all.content += event.content;
        all.thinking += event.thinking;
        all.tool_calls.insert(
            all.tool_calls.end(), event.tool_calls.begin(), event.tool_calls.end()
        );
        all.logprobs.insert(all.logprobs.end(), event.logprobs.begin(), event.logprobs.end());
        return true;
    };
    const auto result =
        runtime.chat(exchange.request().principal, read.request, collect, exchange.client_gone());
    if (!result) return exchange.send(error_response(result.error()));

    json::Object choice{
        {"index", 0},
        {"message", message_of(all)},
        {"finish_reason", finish_reason(*result, !all.tool_calls.empty())},
    };
    if (!all.logprobs.empty())
        choice["logprobs"] = json::Object{{"content", logprobs_of(all.logprobs)}};
    json::Object reply = new_head("chatcmpl", read.request.model).open("chat.completion");
    reply["choices"] = json::Array{std::move(choice)};
    reply["usage"] = usage_of(*result);
    exchange.send(json_response(reply));
}

}  // namespace

void chat_completions(http::Exchange& exchange, inference::ModelRuntime& runtime) {
    const auto body = read_body(exchange.request().body);
    if (!body) return exchange.send(error_response(body.error()));
    const auto read = read_chat_completion(*body);
    if (!read) return exchange.send(error_response(read.error()));
    if (read->stream) return stream_chat(exchange, runtime, *read);
    answer_chat(exchange, runtime, *read);
}

}  // namespace moat::api::openai
