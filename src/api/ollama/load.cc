#include "api/ollama/load.h"

#include "api/ollama/errors.h"
#include "api/ollama/reply.h"

namespace moat::api::ollama {

void load_or_unload(
    http::Exchange& exchange,
    const Services& services,
    const LoadAsked& asked,
    const std::function<void(json::Object& out)>& body
) {
    const Principal& who = exchange.request().principal;
    const bool unload = asked.keep_alive == inference::KeepAlive(0);
    json::Object out = reply_head(asked.model, services.clock);
    body(out);
    if (unload) {
        const Status done = services.runtime.unload(who, asked.model);
        if (!done) return exchange.send(error_response(done.error()));
    } else {
        const auto took = services.runtime.load(
            who, asked.model, asked.keep_alive, asked.options, exchange.client_gone()
        );
        if (!took) return exchange.send(error_response(took.error()));
    }
    add_done(out, unload ? "unload" : "load");
    exchange.send(json_response(out));
}

}  // namespace moat::api::ollama
