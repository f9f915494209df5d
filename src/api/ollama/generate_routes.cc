#include "api/ollama/errors.h"
#include "api/ollama/generate_request.h"
#include "api/ollama/handlers.h"
#include "api/ollama/load.h"
#include "api/ollama/reply.h"

namespace moat::api::ollama {
namespace {

using inference::GenerateEvent;
using inference::GenerateResult;

void add_response(json::Object& out, const GenerateEvent& event) {
    out["response"] = event.content;
    if (!event.thinking.empty()) out["thinking"] = event.thinking;
    if (!event.tool_calls.empty()) out["tool_calls"] = tool_calls_of(event.tool_calls, 0);
}

void render_only(http::Exchange& exchange, const Services& services, const Generate& asked) {
    const auto text = services.runtime.render(
        exchange.request().principal, asked.request, exchange.client_gone()
    );
    if (!text) return exchange.send(answer_error_response(text.error()));
    json::Object out = reply_head(asked.request.model, services.clock);
    out["response"] = "";
    out["done"] = false;
    out["_debug_info"] = debug_info(*text, asked.request.images.size());
    exchange.send(json_response(out));
}

}  // namespace

void generate(http::Exchange& exchange, const Services& services) {
    const http::Request& http_request = exchange.request();
    const auto asked = read_generate(http_request.body);
    if (!asked) return exchange.send(error_response(asked.error()));
    const inference::CompletionRequest& request = asked->request;
    if (request.model.empty())
        return exchange.send(error_response({ErrorCode::not_found, "model '' not found"}));
    if (asked->is_load()) {
        const auto body = [](json::Object& out) { out["response"] = ""; };
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

    AnswerStream stream(exchange, services, request.model, asked->stream, add_response);
    const auto result = services.runtime.complete(
        http_request.principal, request, stream.sink(), exchange.client_gone()
    );
    stream.finish(result, [&](json::Object& out, const GenerateResult& done) {
        if (!request.raw && !done.tokens.empty())
            out["context"] = json::Array(done.tokens.begin(), done.tokens.end());
    });
}

}  // namespace moat::api::ollama
