#include "api/ollama/chat_request.h"
#include "api/ollama/errors.h"
#include "api/ollama/handlers.h"
#include "api/ollama/load.h"
#include "api/ollama/reply.h"

namespace moat::api::ollama {
namespace {

using inference::GenerateEvent;
using inference::GenerateResult;

// Calls are numbered over the whole answer.
AnswerStream::Body message_body() {
    return [calls = std::size_t{0}](json::Object& out, const GenerateEvent& event) mutable {
        json::Object message{{"role", "assistant"}, {"content", event.content}};
        if (!event.thinking.empty()) message["thinking"] = event.thinking;
        if (!event.tool_calls.empty())
            message["tool_calls"] = tool_calls_of(event.tool_calls, calls);
        calls += event.tool_calls.size();
        out["message"] = std::move(message);
    };
}

void render_only(http::Exchange& exchange, const Services& services, const Chat& asked) {
    const auto text = services.runtime.render(
        exchange.request().principal, asked.request, exchange.client_gone()
    );
    if (!text) return exchange.send(answer_error_response(text.error()));
    json::Object out = reply_head(asked.request.model, services.clock);
    out["message"] = json::Object{{"role", ""}, {"content", ""}};
    out["done"] = false;
    std::size_t images = 0;
    for (const auto& message : asked.request.messages)
        images += message.images.size();
    out["_debug_info"] = debug_info(*text, images);
    exchange.send(json_response(out));
}

}  // namespace

void chat(http::Exchange& exchange, const Services& services) {
    const http::Request& http_request = exchange.request();
    const auto asked = read_chat(http_request.body);
    if (!asked) return exchange.send(error_response(asked.error()));
    const inference::ChatRequest& request = asked->request;
    if (request.model.empty())
        return exchange.send(error_response({ErrorCode::invalid_argument, "model is required"}));
    if (request.messages.empty()) {
        const auto body = [](json::Object& out) {
            out["message"] = json::Object{{"role", "assistant"}, {"content", ""}};
        };
        return load_or_unload(
            exchange,
            services,
            {.model = request.model,
             .options = request.options,
             .keep_alive = request.keep_alive,
             .tell_loading = request.tell_loading},
            body
        );
    }
    if (asked->render_only) return render_only(exchange, services, *asked);

    AnswerStream stream(exchange, services, request.model, asked->stream, message_body());
    const auto result = services.runtime.chat(
        http_request.principal, request, stream.sink(), exchange.client_gone()
    );
    stream.finish(result, [](json::Object&, const GenerateResult&) {});
}

}  // namespace moat::api::ollama
