#include <algorithm>
#include <iterator>
#include <mutex>

#include <fmt/format.h>

#include "api/openai/errors.h"
#include "api/openai/fields.h"
#include "api/openai/reply.h"
#include "api/openai/routes.h"
#include "api/openai/side_by_side.h"
#include "base/bytes.h"
#include "http/sse.h"

namespace moat::api::openai {
namespace {

using inference::GenerateEvent;
using inference::GenerateResult;

constexpr std::size_t kMostChoices = 64;  // prompts times n

struct Completion {
    inference::CompletionRequest request;  // without its prompt
    std::vector<std::string> prompts;
    int count = 1;  // of answers to each prompt
    bool echo = false;
    bool stream = false;
    bool include_usage = false;

    std::size_t choices() const { return prompts.size() * static_cast<std::size_t>(count); }
    const std::string& prompt_of(std::size_t choice) const {
        return prompts[choice / static_cast<std::size_t>(count)];
    }
    inference::CompletionRequest request_for(std::size_t choice) const {
        inference::CompletionRequest out = request;
        out.prompt = prompt_of(choice);
        out.options = options_for(out.options, choice % static_cast<std::size_t>(count));
        return out;
    }
};

Result<std::vector<std::string>> read_prompts(const json::Value& body) {
    const Error wrong = invalid("'prompt' must be a string that is not empty, or a list of them");
    const auto prompts = texts_field(body, "prompt");
    if (!prompts || prompts->empty()) return wrong;
    if (std::ranges::any_of(*prompts, &std::string::empty)) return wrong;
    return *prompts;
}

Result<Completion> read_completion(const json::Value& body) {
    Completion read;
    TRY_ASSIGN(read.request.model, required_text(body, "model"));
    TRY_ASSIGN(read.prompts, read_prompts(body));
    TRY_ASSIGN(const auto suffix, text_field(body, "suffix"));
    read.request.suffix = suffix.value_or("");
    TRY_ASSIGN(json::Object options, options_of(body));
    read.request.options = std::move(options);
    TRY_ASSIGN(read.request.format, format_of(body));
    TRY_ASSIGN(const auto logprobs, integer_field(body, "logprobs"));
    if (logprobs && (*logprobs < 0 || *logprobs > 20))
        return invalid("logprobs must be between 0 and 20");
    if (logprobs) read.request.top_logprobs = static_cast<int>(*logprobs);
    TRY_ASSIGN(read.count, count_of(body));
    TRY_ASSIGN(read.echo, flag_field(body, "echo", false));
    TRY_ASSIGN(read.stream, flag_field(body, "stream", false));
    read.include_usage = wants_usage(body);
    if (read.choices() > kMostChoices)
        return invalid(fmt::format("at most {} answers in one request", kMostChoices));
    return read;
}

// In the form of this old route, and as "content" in that of chat, which Ollama gives.
// `offset`: of the first token in the text, in bytes.
json::Object logprobs_json(const std::vector<inference::TokenLogprob>& tokens, std::size_t offset) {
    json::Array texts;
    json::Array numbers;
    json::Array tops;
    json::Array offsets;
    for (const auto& token : tokens) {
        texts.emplace_back(to_valid_utf8(token.token));
        numbers.emplace_back(token.logprob);
        offsets.emplace_back(offset);
        offset += token.token.size();
        json::Object top;
        for (const auto& candidate : token.top)
            top[to_valid_utf8(candidate.token)] = candidate.logprob;
        tops.emplace_back(std::move(top));
    }
    return {
        {"tokens", std::move(texts)},
        {"token_logprobs", std::move(numbers)},
        {"top_logprobs", std::move(tops)},
        {"text_offset", std::move(offsets)},
        {"content", logprobs_of(tokens)},
    };
}

json::Object choice_of(
    std::size_t index,
    const std::string& text,
    json::Value reason,
    const std::vector<inference::TokenLogprob>& logprobs,
    std::size_t offset
) {
    json::Object choice{
        {"text", text},
        {"index", index},
        {"logprobs", nullptr},
        {"finish_reason", std::move(reason)}
    };
    if (!logprobs.empty()) choice["logprobs"] = logprobs_json(logprobs, offset);
    return choice;
}

// Threads: any; several answers may be written at once.
class CompletionStream {
  public:
    CompletionStream(http::Exchange& exchange, ReplyHead head, std::size_t choices)
        : sse_(exchange), head_(std::move(head)), sent_(choices) {}

    bool text(std::size_t choice, const GenerateEvent& event) {
        if (event.content.empty() && event.logprobs.empty()) return true;
        const std::lock_guard lock(mutex_);
        const std::size_t offset = sent_[choice];
        sent_[choice] += event.content.size();
        return send({choice_of(choice, event.content, nullptr, event.logprobs, offset)}, nullptr)
            .has_value();
    }
    // False: the client is gone.
    bool end(std::size_t choice, const GenerateResult& result) {
        const std::lock_guard lock(mutex_);
        json::Value reason(finish_reason(result, false));
        return send({choice_of(choice, "", std::move(reason), {}, 0)}, nullptr).has_value();
    }

    // What follows is for one thread, after all choices. A client that is gone needs no ending, so
    // its errors stop here.
    bool opened() const { return sse_.opened(); }
    void finish(const json::Object* usage) {
        if (usage != nullptr && !send({}, *usage)) return;
        if (!sse_.event("", std::string_view("[DONE]"))) return;
        sse_.finish();
    }
    void fail(const Error& error) {
        if (!sse_.event("", error_body(error))) return;
        sse_.finish();
    }

  private:
    Status send(json::Array choices, json::Value usage) {
        json::Object chunk = head_.open("text_completion");
        chunk["choices"] = std::move(choices);
        if (!usage.is_null()) chunk["usage"] = std::move(usage);
        return sse_.event("", json::Value(std::move(chunk)));
    }

    http::SseStream sse_;  // guarded by mutex_
    const ReplyHead head_;
    std::vector<std::size_t> sent_;  // bytes of each choice; guarded by mutex_
    std::mutex mutex_;
};

void stream_completion(
    http::Exchange& exchange, inference::ModelRuntime& runtime, const Completion& read
) {
    CompletionStream stream(exchange, new_head("cmpl", read.request.model), read.choices());
    const auto answer = [&](std::size_t i, std::stop_token stop) {
        bool echoed = !read.echo;
        const auto forward = [&](const GenerateEvent& event) {
            GenerateEvent prompt;
            if (!std::exchange(echoed, true)) prompt.content = read.prompt_of(i);
            return stream.text(i, prompt) && stream.text(i, event);
        };
        auto result = runtime.complete(
            exchange.request().principal, read.request_for(i), forward, std::move(stop)
        );
        // Gone or not, the others find out for themselves.
        if (result) (void)stream.end(i, *result);
        return result;
    };
    const auto results = answer_side_by_side(read.choices(), exchange.client_gone(), answer);
    if (results) {
        const json::Object usage = usage_of(*results, read.count);
        return stream.finish(read.include_usage ? &usage : nullptr);
    }
    if (stream.opened()) return stream.fail(results.error());
    exchange.send(error_response(results.error()));
}

void answer_completion(
    http::Exchange& exchange, inference::ModelRuntime& runtime, const Completion& read
) {
    std::vector<GenerateEvent> said(read.choices());
    const auto answer = [&](std::size_t i, std::stop_token stop) {
        return runtime.complete(
            exchange.request().principal,
            read.request_for(i),
            [&](const GenerateEvent& event) { return append(said[i], event); },
            std::move(stop)
        );
    };
    const auto results = answer_side_by_side(read.choices(), exchange.client_gone(), answer);
    if (!results) return exchange.send(error_response(results.error()));
    json::Array choices;
    for (std::size_t i = 0; i < said.size(); ++i) {
        const std::string before = read.echo ? read.prompt_of(i) : "";
        json::Value reason(finish_reason((*results)[i], false));
        choices.push_back(choice_of(
            i, before + said[i].content, std::move(reason), said[i].logprobs, before.size()
        ));
    }
    json::Object reply = new_head("cmpl", read.request.model).open("text_completion");
    reply["choices"] = std::move(choices);
    reply["usage"] = usage_of(*results, read.count);
    exchange.send(json_response(reply));
}

}  // namespace

void completions(http::Exchange& exchange, inference::ModelRuntime& runtime) {
    const auto body = read_body(exchange.request(), kMaxChatBytes);
    if (!body) return exchange.send(error_response(body.error()));
    const auto read = read_completion(*body);
    if (!read) return exchange.send(error_response(read.error()));
    if (read->stream) return stream_completion(exchange, runtime, *read);
    answer_completion(exchange, runtime, *read);
}

}  // namespace moat::api::openai
