#include "api/ollama/load.h"

#include "api/ollama/errors.h"
#include "api/ollama/reply.h"
#include "http/ndjson.h"

namespace moat::api::ollama {
namespace {

using Body = std::function<void(json::Object& out)>;

Status load(
    http::Exchange& exchange,
    const Services& services,
    const LoadAsked& asked,
    const Body& body,
    http::NdjsonStream& lines
) {
    inference::LoadSink progress;
    if (asked.tell_loading)
        progress = [&](const inference::LoadProgress& step) {
            json::Object out = reply_head(asked.model, services.clock);
            body(out);
            out["done"] = false;
            add_loading(out, step);
            return lines.line(out).has_value();
        };
    const auto took = services.runtime.load(
        exchange.request().principal,
        asked.model,
        asked.keep_alive,
        asked.options,
        progress,
        exchange.client_gone()
    );
    return took ? Status(Ok{}) : Status(took.error());
}

}  // namespace

void load_or_unload(
    http::Exchange& exchange, const Services& services, const LoadAsked& asked, const Body& body
) {
    const bool unload = asked.keep_alive == inference::KeepAlive(0);
    http::NdjsonStream lines(exchange);
    const Status done = unload ? services.runtime.unload(exchange.request().principal, asked.model)
                               : load(exchange, services, asked, body, lines);
    if (!done && !lines.opened()) return exchange.send(answer_error_response(done.error()));
    json::Object out = reply_head(asked.model, services.clock);
    body(out);
    add_done(out, unload ? "unload" : "load");
    if (!lines.opened()) return exchange.send(json_response(out));
    // A client that is gone cannot be told.
    (void)lines.line(done ? json::Value(out) : error_body(done.error()));
    lines.finish();
}

}  // namespace moat::api::ollama
