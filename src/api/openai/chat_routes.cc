#include <mutex>

#include "api/openai/chat_request.h"
#include "api/openai/errors.h"
#include "api/openai/fields.h"
#include "api/openai/reply.h"
#include "api/openai/routes.h"
#include "api/openai/side_by_side.h"
#include "http/sse.h"

namespace moat::api::openai {
namespace {

using inference::GenerateEvent;
using inference::GenerateResult;

// chat.completion.chunk events. Each choice's first delta carries the role.
// Threads: any; several answers may be written at once.
class ChatStream {
  public:
    ChatStream(http::Exchange& exchange, ReplyHead head, int choices)
        : sse_(exchange), head_(std::move(head)), choices_(static_cast<std::size_t>(choices)) {}

    bool delta(std::size_t choice, const GenerateEvent& event) {
        const std::lock_guard lock(mutex_);
        std::size_t& calls = choices_[choice].tool_calls;
        json::Object delta;
        if (!event.content.empty()) delta["content"] = event.content;
        if (!event.thinking.empty()) delta["reasoning"] = event.thinking;
        if (!event.tool_calls.empty()) {
            delta["tool_calls"] = tool_calls_of(event.tool_calls, calls);
            calls += event.tool_calls.size();
        }
        if (delta.empty() && event.logprobs.empty()) return true;
        return send(choice, std::move(delta), nullptr, event.logprobs).has_value();
    }
    // False: the client is gone.
    bool end(std::size_t choice, const GenerateResult& result) {
        const std::lock_guard lock(mutex_);
        const bool called = choices_[choice].tool_calls > 0;
        return send(choice, {}, json::Value(finish_reason(result, called)), {}).has_value();
    }

    // What follows is for one thread, after all choices. A client that is gone needs no ending, so
    // its errors stop here.
    bool opened() const { return sse_.opened(); }
    void finish(const json::Object* usage) {
        if (usage != nullptr) {
            json::Object chunk = head_.open("chat.completion.chunk");
            chunk["choices"] = json::Array();
            chunk["usage"] = *usage;
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
    struct Choice {
        bool started = false;
        std::size_t tool_calls = 0;
    };

    Status send(
        std::size_t index,
        json::Object delta,
        json::Value reason,
        const std::vector<inference::TokenLogprob>& logprobs
    ) {
        if (!std::exchange(choices_[index].started, true)) {
            json::Object first{{"role", "assistant"}};
            if (!delta.contains("content")) first["content"] = "";
            for (auto& [key, value] : delta)
                first[key] = std::move(value);
            delta = std::move(first);
        }
        json::Object choice{
            {"index", index}, {"delta", std::move(delta)}, {"finish_reason", std::move(reason)}
        };
        if (!logprobs.empty())
            choice["logprobs"] = json::Object{{"content", logprobs_of(logprobs)}};
        json::Object chunk = head_.open("chat.completion.chunk");
        chunk["choices"] = json::Array{std::move(choice)};
        return sse_.event("", json::Value(std::move(chunk)));
    }

    http::SseStream sse_;  // guarded by mutex_
    const ReplyHead head_;
    std::vector<Choice> choices_;  // guarded by mutex_
    std::mutex mutex_;
};

inference::ChatRequest request_for(const ChatCompletion& read, std::size_t choice) {
    inference::ChatRequest request = read.request;
    request.options = options_for(request.options, choice);
    return request;
}

void stream_chat(
    http::Exchange& exchange, inference::ModelRuntime& runtime, const ChatCompletion& read
) {
    ChatStream stream(exchange, new_head("chatcmpl", read.request.model), read.count);
    const auto answer = [&](std::size_t i, std::stop_token stop) {
        auto result = runtime.chat(
            exchange.request().principal,
            request_for(read, i),
            [&](const GenerateEvent& event) { return stream.delta(i, event); },
            std::move(stop)
        );
        // Gone or not, the others find out for themselves.
        if (result) (void)stream.end(i, *result);
        return result;
    };
    const auto results =
        answer_side_by_side(static_cast<std::size_t>(read.count), exchange.client_gone(), answer);
    if (results) {
        const json::Object usage = usage_of(*results, read.count);
        return stream.finish(read.include_usage ? &usage : nullptr);
    }
    if (stream.opened()) return stream.fail(results.error());
    exchange.send(error_response(results.error()));
}

json::Object choice_of(std::size_t index, const GenerateEvent& all, const GenerateResult& result) {
    json::Object message{{"role", "assistant"}, {"content", all.content}};
    if (!all.thinking.empty()) message["reasoning"] = all.thinking;
    if (!all.tool_calls.empty()) message["tool_calls"] = tool_calls_of(all.tool_calls, 0);
    json::Object choice{
        {"index", index},
        {"message", std::move(message)},
        {"finish_reason", finish_reason(result, !all.tool_calls.empty())},
    };
    if (!all.logprobs.empty())
        choice["logprobs"] = json::Object{{"content", logprobs_of(all.logprobs)}};
    return choice;
}

void answer_chat(
    http::Exchange& exchange, inference::ModelRuntime& runtime, const ChatCompletion& read
) {
    const auto count = static_cast<std::size_t>(read.count);
    std::vector<GenerateEvent> said(count);
    const auto answer = [&](std::size_t i, std::stop_token stop) {
        return runtime.chat(
            exchange.request().principal,
            request_for(read, i),
            [&](const GenerateEvent& event) { return append(said[i], event); },
            std::move(stop)
        );
    };
    const auto results = answer_side_by_side(count, exchange.client_gone(), answer);
    if (!results) return exchange.send(error_response(results.error()));

    json::Array choices;
    for (std::size_t i = 0; i < count; ++i)
        choices.push_back(choice_of(i, said[i], (*results)[i]));
    json::Object reply = new_head("chatcmpl", read.request.model).open("chat.completion");
    reply["choices"] = std::move(choices);
    reply["usage"] = usage_of(*results, read.count);
    exchange.send(json_response(reply));
}

}  // namespace

void chat_completions(http::Exchange& exchange, inference::ModelRuntime& runtime) {
    const auto body = read_body(exchange.request(), kMaxChatBytes);
    if (!body) return exchange.send(error_response(body.error()));
    const auto read = read_chat_completion(*body);
    if (!read) return exchange.send(error_response(read.error()));
    if (read->stream) return stream_chat(exchange, runtime, *read);
    answer_chat(exchange, runtime, *read);
}

}  // namespace moat::api::openai
