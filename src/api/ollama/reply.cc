#include "api/ollama/reply.h"

#include <algorithm>

#include "api/ollama/errors.h"

namespace moat::api::ollama {
namespace {

using inference::FinishReason;
using inference::GenerateEvent;
using inference::GenerateResult;

void put(json::Object& out, std::string_view key, std::int64_t number) {
    if (number != 0) out[key] = number;
}

// A token may be a part of a character: JSON gets what it can show, and the bytes as they are.
json::Object token_json(const std::string& token, float logprob) {
    json::Array bytes;
    for (const char c : token)
        bytes.push_back(static_cast<unsigned char>(c));
    return json::Object{
        {"token", to_valid_utf8(token)}, {"logprob", logprob}, {"bytes", std::move(bytes)}
    };
}

}  // namespace

json::Array texts_of(const std::vector<std::string>& texts) {
    return json::Array(texts.begin(), texts.end());
}

json::Object details_of(const models::ModelDetails& details) {
    json::Object out{
        {"parent_model", details.parent_model},
        {"format", details.format},
        {"family", details.family},
        {"families", texts_of(details.families)},
        {"parameter_size", details.parameter_size},
        {"quantization_level", details.quantization_level}
    };
    put(out, "context_length", details.context_length);
    put(out, "embedding_length", details.embedding_length);
    return out;
}

json::Array tool_calls_of(const std::vector<models::ToolCall>& calls, std::size_t first_index) {
    json::Array out;
    for (const models::ToolCall& call : calls)
        out.push_back(json::Object{
            {"id", call.id},
            {"function",
             json::Object{
                 {"index", first_index++},
                 {"name", call.name},
                 {"arguments", call.arguments.is_object() ? call.arguments : json::Object()}
             }}
        });
    return out;
}

json::Array logprobs_of(const std::vector<inference::TokenLogprob>& tokens) {
    json::Array out;
    for (const inference::TokenLogprob& token : tokens) {
        json::Object entry = token_json(token.token, token.logprob);
        if (!token.top.empty()) {
            json::Array top;
            for (const auto& candidate : token.top)
                top.push_back(token_json(candidate.token, candidate.logprob));
            entry["top_logprobs"] = std::move(top);
        }
        out.push_back(std::move(entry));
    }
    return out;
}

json::Object progress_json(const models::Progress& step) {
    json::Object out{{"status", step.status}};
    if (!step.digest.empty()) out["digest"] = step.digest;
    if (step.total > 0) out["total"] = step.total;
    if (step.completed > 0) out["completed"] = step.completed;
    return out;
}

void add_done(json::Object& out, std::string_view reason) {
    out["done"] = true;
    out["done_reason"] = reason;
}

void add_loading(json::Object& out, const inference::LoadProgress& progress) {
    out["status"] = "loading model";
    out["completed"] = progress.completed_bytes;
    out["total"] = progress.total_bytes;
}

void add_result(json::Object& out, const GenerateResult& result) {
    add_done(out, result.reason == FinishReason::length ? "length" : "stop");
    put(out, "total_duration", result.total.count());
    put(out, "load_duration", result.load.count());
    put(out, "prompt_eval_count", result.prompt_tokens);
    put(out, "prompt_eval_duration", result.prompt.count());
    put(out, "eval_count", result.generated_tokens);
    put(out, "eval_duration", result.generate.count());
    // Beyond Ollama's.
    put(out, "prompt_cached_count", result.cached_tokens);
    put(out, "draft_count", result.guessed_tokens);
    put(out, "draft_accepted_count", result.right_guesses);
    put(out, "prompt_dropped_messages", result.dropped_messages);
    put(out, "prompt_dropped_count", result.dropped_tokens);
}

json::Object debug_info(const std::string& prompt, std::size_t images) {
    json::Object out{{"rendered_template", prompt}};
    put(out, "image_count", static_cast<std::int64_t>(images));
    return out;
}

json::Object reply_head(const std::string& model, const Clock& clock) {
    return json::Object{{"model", model}, {"created_at", to_rfc3339(clock.now())}};
}

AnswerStream::AnswerStream(
    http::Exchange& exchange, const Services& services, std::string model, bool stream, Body body
)
    : exchange_(exchange),
      services_(services),
      model_(std::move(model)),
      stream_(stream),
      body_(std::move(body)) {}

inference::EventSink AnswerStream::sink() {
    return [this](const GenerateEvent& event) {
        if (stream_) return send(event);
        collect(event);
        return !exchange_.client_gone().stop_requested();
    };
}

bool AnswerStream::send(const GenerateEvent& event) {
    json::Object out = reply_head(model_, services_.clock);
    body_(out, event);
    out["done"] = false;
    if (!event.logprobs.empty()) out["logprobs"] = logprobs_of(event.logprobs);
    if (event.loading) add_loading(out, *event.loading);
    return line(out).has_value();
}

void AnswerStream::collect(const GenerateEvent& event) {
    whole_.content += event.content;
    whole_.thinking += event.thinking;
    std::ranges::copy(event.tool_calls, std::back_inserter(whole_.tool_calls));
    std::ranges::copy(event.logprobs, std::back_inserter(whole_.logprobs));
}

Status AnswerStream::line(const json::Value& value) {
    if (!started_) {
        started_ = true;
        TRY(exchange_.start(200, "application/x-ndjson"));
    }
    return exchange_.write(json::write(value, json::Style::html_safe) + "\n");
}

void AnswerStream::finish(
    const Result<GenerateResult>& result,
    const std::function<void(json::Object&, const GenerateResult&)>& more
) {
    if (!result) {
        if (!started_) return exchange_.send(answer_error_response(result.error()));
        // A client that is gone cannot be told; otherwise the error is the last line.
        if (line(error_body(result.error()))) exchange_.finish();
        return;
    }
    json::Object last = reply_head(model_, services_.clock);
    body_(last, whole_);
    add_result(last, *result);
    more(last, *result);
    if (!whole_.logprobs.empty()) last["logprobs"] = logprobs_of(whole_.logprobs);
    if (!stream_) return exchange_.send(json_response(last));
    if (line(last)) exchange_.finish();
}

}  // namespace moat::api::ollama
