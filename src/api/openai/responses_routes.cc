#include "api/openai/errors.h"
#include "api/openai/fields.h"
#include "api/openai/response_writer.h"
#include "api/openai/responses_request.h"
#include "api/openai/routes.h"
#include "http/sse.h"

namespace moat::api::openai {
namespace {

using inference::GenerateEvent;

// What was thought is counted by the model's own tokens.
int count_thinking(
    http::Exchange& exchange,
    inference::ModelRuntime& runtime,
    const std::string& model,
    const std::string& thinking
) {
    if (thinking.empty()) return 0;
    const auto tokens = runtime.tokenize(
        exchange.request().principal,
        {.model = model, .text = thinking, .add_special = false},
        exchange.client_gone()
    );
    // The answer is there; one number of its statistics is not worth losing it.
    return tokens ? static_cast<int>(tokens->size()) : 0;
}

}  // namespace

void responses(http::Exchange& exchange, inference::ModelRuntime& runtime) {
    const auto body = read_body(exchange.request(), kMaxChatBytes);
    if (!body) return exchange.send(error_response(body.error()));
    const auto read = read_responses(*body);
    if (!read) return exchange.send(error_response(read.error()));

    http::SseStream sse(exchange);
    const auto emit = [&](std::string_view name, const json::Object& data) {
        return !read->stream || sse.event(name, json::Value(data)).has_value();
    };
    ResponseWriter writer(read->echo, emit);
    const auto result = runtime.chat(
        exchange.request().principal,
        read->request,
        [&](const GenerateEvent& event) { return writer.add(event); },
        exchange.client_gone()
    );
    if (!result) {
        if (!sse.opened()) return exchange.send(error_response(result.error()));
        writer.fail(result.error());
        return sse.finish();
    }
    const int thought = count_thinking(exchange, runtime, read->request.model, writer.thinking());
    const json::Object whole = writer.finish(*result, thought);
    if (read->stream) return sse.finish();
    exchange.send(json_response(whole));
}

}  // namespace moat::api::openai
