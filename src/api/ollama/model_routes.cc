#include "api/ollama/create_request.h"
#include "api/ollama/errors.h"
#include "api/ollama/handlers.h"
#include "api/ollama/reply.h"
#include "api/ollama/request_fields.h"
#include "api/request/go_json.h"
#include "base/log.h"
#include "http/ndjson.h"

namespace moat::api::ollama {
namespace {

// A damaged file that was sent is the sender's mistake, not the server's.
Error as_senders(Error error) {
    if (error.code == ErrorCode::corrupt) error.code = ErrorCode::invalid_argument;
    return error;
}

void send_empty(http::Exchange& exchange) {
    http::Response response;
    response.content_type.clear();
    exchange.send(std::move(response));
}

void create_streaming(http::Exchange& exchange, const Services& services, const Create& asked) {
    http::NdjsonStream out(exchange);
    // Lines are sent once the first has something to tell beside an error.
    const auto progress = [&out](const models::Progress& step) {
        // A client that left stops the conversion of its safetensors, and nothing else it asked
        // for.
        (void)out.line(progress_json(step));
    };
    const Status made =
        services.store.create(exchange.request().principal, asked.request, progress);
    if (!made) {
        const Error error = as_senders(made.error());
        if (!out.opened()) return exchange.send(error_response(error));
        (void)out.line(error_body(error));
    }
    out.finish();
}

}  // namespace

void create_model(http::Exchange& exchange, const Services& services) {
    auto asked = read_create(exchange.request().body);
    if (!asked) return exchange.send(error_response(asked.error()));
    asked->request.stop = exchange.client_gone();
    if (asked->stream) return create_streaming(exchange, services, *asked);
    const Status made = services.store.create(
        exchange.request().principal, asked->request, [](const models::Progress&) {}
    );
    if (!made) return exchange.send(error_response(as_senders(made.error())));
    exchange.send(json_response(json::Object{{"status", "success"}}));
}

void copy_model(http::Exchange& exchange, const Services& services) {
    const auto value = read_go_json(exchange.request().body);
    if (!value) return exchange.send(error_response(value.error()));
    GoDecoding decoding;
    GoStruct in(decoding, *value, "api.CopyRequest");
    std::string source;
    std::string destination;
    in.read("source", source);
    in.read("destination", destination);
    Status done = decoding.status();
    if (done) done = services.store.copy(exchange.request().principal, source, destination);
    if (!done) return exchange.send(error_response(done.error()));
    send_empty(exchange);
}

void delete_model(http::Exchange& exchange, const Services& services) {
    const Principal& who = exchange.request().principal;
    const auto value = read_go_json(exchange.request().body);
    if (!value) return exchange.send(error_response(value.error()));
    GoDecoding decoding;
    GoStruct in(decoding, *value, "api.DeleteRequest");
    const std::string model = model_field(in);
    if (const Status read = decoding.status(); !read)
        return exchange.send(error_response(read.error()));
    if (model.empty())
        return exchange.send(error_response({ErrorCode::invalid_argument, "model is required"}));
    if (const Status can = services.store.check_removable(who, model); !can)
        return exchange.send(error_response(can.error()));
    // Its runner would hold the file's space until it expires. A model that cannot be read has
    // none.
    if (const Status unloaded = services.runtime.unload(who, model); !unloaded)
        log::debug("a model to be removed was not unloaded: {}", unloaded.error().message);
    const Status done = services.store.remove(who, model);
    if (!done) return exchange.send(error_response(done.error()));
    send_empty(exchange);
}

}  // namespace moat::api::ollama
