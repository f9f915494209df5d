#include "api/ollama/transfer_routes.h"

#include <functional>

#include "api/ollama/errors.h"
#include "api/ollama/reply.h"
#include "api/ollama/request_fields.h"
#include "api/request/go_json.h"
#include "http/ndjson.h"

namespace moat::api::ollama {
namespace {

using models::TransferOrder;

struct Transfer {
    TransferOrder order;
    bool stream = true;
};

using Work =
    Status (models::
                Registry::*)(const Principal&, const TransferOrder&, const models::ProgressSink&, const std::stop_token&);

Result<Transfer> read_transfer(std::string_view body, const char* type) {
    TRY_ASSIGN(const json::Value value, read_go_json(body));
    GoDecoding decoding;
    GoStruct in(decoding, value, type);
    Transfer out;
    out.order.model = model_field(in);
    in.read("insecure", out.order.insecure);
    in.read("stream", out.stream);
    TRY(decoding.status());
    return out;
}

// Ollama answers 500 to whatever goes wrong once it has begun.
http::Response failure_response(const Error& error) {
    http::Response response = error_response(error);
    const bool is_callers =
        error.code == ErrorCode::invalid_argument || error.code == ErrorCode::forbidden;
    if (!is_callers || error.message == "insecure protocol http") response.status = 500;
    return response;
}

void answer(
    http::Exchange& exchange, models::Registry& registry, const Transfer& asked, Work work
) {
    http::NdjsonStream out(exchange);
    const auto tell = [&](const models::Progress& progress) {
        // A client that left is seen by the stop token.
        if (asked.stream) (void)out.line(progress_json(progress));
    };
    const Status done =
        (registry.*work)(exchange.request().principal, asked.order, tell, exchange.client_gone());
    if (!done && !out.opened()) return exchange.send(failure_response(done.error()));
    if (!asked.stream) return exchange.send(json_response(json::Object{{"status", "success"}}));
    if (!done) (void)out.line(error_body(done.error()));
    out.finish();
}

void pull(http::Exchange& exchange, models::Registry& registry) {
    const auto asked = read_transfer(exchange.request().body, "api.PullRequest");
    if (!asked) return exchange.send(error_response(asked.error()));
    answer(exchange, registry, *asked, &models::Registry::pull);
}

void push(http::Exchange& exchange, models::Registry& registry) {
    const auto asked = read_transfer(exchange.request().body, "api.PushRequest");
    if (!asked) return exchange.send(error_response(asked.error()));
    if (asked->order.model.empty())
        return exchange.send(error_response({ErrorCode::invalid_argument, "model is required"}));
    answer(exchange, registry, *asked, &models::Registry::push);
}

}  // namespace

std::vector<http::Route> transfer_routes(models::Registry& registry) {
    const auto route = [&registry](
                           std::string path, void (*handle)(http::Exchange&, models::Registry&)
                       ) {
        http::Route out;
        out.method = "POST";
        out.path = std::move(path);
        out.access = http::Access::admin;
        out.handler = [&registry, handle](http::Exchange& exchange) { handle(exchange, registry); };
        out.max_body_bytes = std::size_t{1} << 20;
        return out;
    };
    return {route("/api/pull", pull), route("/api/push", push)};
}

}  // namespace moat::api::ollama
