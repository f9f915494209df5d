#include "api/openai/errors.h"
#include "api/openai/fields.h"
#include "api/openai/reply.h"
#include "api/openai/routes.h"
#include "http/sse.h"

namespace moat::api::openai {
namespace {

using inference::GenerateEvent;
using inference::GenerateResult;

struct Completion {
    inference::CompletionRequest request;
    bool stream = false;
    bool include_usage = false;
};

Error invalid(std::string text) {
    return Error{ErrorCode::invalid_argument, std::move(text)};
}

Result<Completion> read_completion(const json::Value& body) {
    Completion read;
    TRY_ASSIGN(const auto model, text_field(body, "model"));
    read.request.model = model.value_or("");
    if (read.request.model.empty()) return invalid("model is required");
    TRY_ASSIGN(const auto prompt, text_field(body, "prompt"));
    if (!prompt || prompt->empty()) return invalid("'prompt' must be one string that is not empty");
    read.request.prompt = *prompt;
    TRY_ASSIGN(const auto suffix, text_field(body, "suffix"));
    read.request.suffix = suffix.value_or("");
    TRY_ASSIGN(json::Object options, options_of(body));
    read.request.options = std::move(options);
    TRY_ASSIGN(const auto logprobs, integer_field(body, "logprobs"));
    if (logprobs && (*logprobs < 0 || *logprobs > 20))
        return invalid("logprobs must be between 0 and 20");
    if (logprobs) read.request.top_logprobs = static_cast<int>(*logprobs);
    TRY_ASSIGN(read.stream, flag_field(body, "stream", false));
    read.include_usage = wants_usage(body);
    return read;
}

json::Object choice_of(
    const std::string& text,
    json::Value reason,
    const std::vector<inference::TokenLogprob>& logprobs
) {
    json::Object choice{{"text", text}, {"index", 0}, {"finish_reason", std::move(reason)}};
    if (!logprobs.empty()) choice["logprobs"] = json::Object{{"content", logprobs_of(logprobs)}};
    return choice;
}

class CompletionStream {
  public:
    CompletionStream(http::Exchange& exchange, ReplyHead head)
        : sse_(exchange), head_(std::move(head)) {}

    bool opened() const { return sse_.opened(); }
    bool text(const GenerateEvent& event) {
        if (event.content.empty() && event.logprobs.empty()) return true;
        return send({choice_of(event.content, nullptr, event.logprobs)}, nullptr).has_value();
    }
    // A client that is gone needs no ending, so its errors stop here.
    void end(const GenerateResult& result, bool include_usage) {
        if (!send({choice_of("", json::Value(finish_reason(result, false)), {})}, nullptr)) return;
        if (include_usage && !send({}, usage_of(result))) return;
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

    http::SseStream sse_;
    ReplyHead head_;
};

void stream_completion(
    http::Exchange& exchange, inference::ModelRuntime& runtime, const Completion& read
) {
    CompletionStream stream(exchange, new_head("cmpl", read.request.model));
    const auto result = runtime.complete(
        exchange.request().principal,
        read.request,
        [&](const GenerateEvent& event) { return stream.text(event); },
        exchange.client_gone()
    );
    if (result) return stream.end(*result, read.include_usage);
    if (stream.opened()) return stream.fail(result.error());
    exchange.send(error_response(result.error()));
}

void answer_completion(
    http::Exchange& exchange, inference::ModelRuntime& runtime, const Completion& read
) {
    std::string text;
    std::vector<inference::TokenLogprob> logprobs;
    const auto collect = [&](const GenerateEvent& event) {
        text += event.content;
        logprobs.insert(logprobs.end(), event.logprobs.begin(), event.logprobs.end());
        return true;
    };
    const auto result = runtime.complete(
        exchange.request().principal, read.request, collect, exchange.client_gone()
    );
    if (!result) return exchange.send(error_response(result.error()));
    json::Object reply = new_head("cmpl", read.request.model).open("text_completion");
    reply["choices"] =
        json::Array{choice_of(text, json::Value(finish_reason(*result, false)), logprobs)};
    reply["usage"] = usage_of(*result);
    exchange.send(json_response(reply));
}

}  // namespace

void completions(http::Exchange& exchange, inference::ModelRuntime& runtime) {
    const auto body = read_body(exchange.request().body);
    if (!body) return exchange.send(error_response(body.error()));
    const auto read = read_completion(*body);
    if (!read) return exchange.send(error_response(read.error()));
    if (read->stream) return stream_completion(exchange, runtime, *read);
    answer_completion(exchange, runtime, *read);
}

}  // namespace moat::api::openai
