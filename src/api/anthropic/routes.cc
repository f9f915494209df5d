#include "api/anthropic/routes.h"

#include "api/anthropic/errors.h"
#include "api/anthropic/message_writer.h"
#include "api/anthropic/messages_request.h"
#include "api/request/json_fields.h"
#include "http/sse.h"

namespace moat::api::anthropic {
namespace {

using inference::GenerateEvent;

constexpr std::size_t kMaxBodyBytes = std::size_t{64} << 20;  // images travel inside

void send_error(http::Exchange& exchange, const Error& error) {
    exchange.send(error_response(error, exchange.request().id));
}

void send_json(http::Exchange& exchange, const json::Value& body) {
    http::Response response;
    response.body = json::write(body);
    exchange.send(std::move(response));
}

Result<MessagesRequest> read(http::Exchange& exchange, bool needs_max_tokens) {
    TRY_ASSIGN(const json::Value body, read_body(exchange.request(), kMaxBodyBytes));
    return read_messages(body, needs_max_tokens);
}

// The first event tells the length of the prompt, before the model has said anything.
Result<int> input_tokens(
    http::Exchange& exchange, inference::ModelRuntime& runtime, const MessagesRequest& asked
) {
    if (!asked.stream) return 0;
    return runtime.count_tokens(
        exchange.request().principal, asked.request, exchange.client_gone()
    );
}

}  // namespace

void messages(http::Exchange& exchange, inference::ModelRuntime& runtime) {
    const auto asked = read(exchange, true);
    if (!asked) return send_error(exchange, asked.error());
    const auto known = input_tokens(exchange, runtime, *asked);
    if (!known) return send_error(exchange, known.error());

    http::SseStream sse(exchange);
    const auto emit = [&](std::string_view name, const json::Object& data) {
        return !asked->stream || sse.event(name, json::Value(data)).has_value();
    };
    MessageWriter writer({asked->request.model, *known, asked->stop_sequences}, emit);
    const auto result = runtime.chat(
        exchange.request().principal,
        asked->request,
        [&](const GenerateEvent& event) { return writer.add(event); },
        exchange.client_gone()
    );
    if (!result) {
        if (!sse.opened()) return send_error(exchange, result.error());
        // A client that is gone cannot be told; otherwise the error is the last event.
        if (sse.event("error", error_body(result.error(), exchange.request().id))) sse.finish();
        return;
    }
    const json::Object whole = writer.finish(*result);
    if (asked->stream) return sse.finish();
    send_json(exchange, whole);
}

void count_tokens(http::Exchange& exchange, inference::ModelRuntime& runtime) {
    auto asked = read(exchange, false);
    if (!asked) return send_error(exchange, asked.error());
    // What was sent is counted, not what would be left of it.
    asked->request.truncate = false;
    const auto count =
        runtime.count_tokens(exchange.request().principal, asked->request, exchange.client_gone());
    if (!count) return send_error(exchange, count.error());
    send_json(exchange, json::Object{{"input_tokens", *count}});
}

std::vector<http::Route> routes(inference::ModelRuntime& runtime) {
    const auto post = [](std::string path, http::Handler handler) {
        return http::Route{
            .method = "POST",
            .path = std::move(path),
            .handler = std::move(handler),
            .max_body_bytes = kMaxBodyBytes
        };
    };
    return {
        post("/v1/messages", [&](http::Exchange& e) { messages(e, runtime); }),
        post("/v1/messages/count_tokens", [&](http::Exchange& e) { count_tokens(e, runtime); }),
    };
}

}  // namespace moat::api::anthropic
