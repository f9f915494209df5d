#include "api/moat/verify_routes.h"

#include "api/moat/errors.h"
#include "base/json.h"
#include "http/ndjson.h"

namespace moat::api::moat_api {
namespace {

using models::BlobState;

constexpr std::size_t kMaxNames = 1000;

std::string_view text_of_state(BlobState state) {
    switch (state) {
        case BlobState::in_progress:
            return "checking";
        case BlobState::good:
            return "good";
        case BlobState::damaged:
            return "damaged";
        case BlobState::missing:
            return "missing";
        case BlobState::unreadable:
            return "unreadable";
    }
    return "unreadable";
}

// "application/vnd.ollama.image.model" is "model"; of the config, "config".
std::string kind_of(const models::Layer& layer) {
    constexpr std::string_view kPrefix = "application/vnd.ollama.image.";
    if (layer.media_type.starts_with(kPrefix)) return layer.media_type.substr(kPrefix.size());
    return "config";
}

json::Object line_of(const models::VerifyProgress& progress) {
    json::Object out{{"model", progress.model}, {"state", text_of_state(progress.state)}};
    if (progress.layer.media_type.empty()) {
        out["kind"] = "manifest";
        return out;
    }
    out["kind"] = kind_of(progress.layer);
    out["digest"] = models::digest_text(progress.layer.digest);
    out["total"] = progress.layer.size;
    out["completed"] = progress.completed;
    return out;
}

Result<std::vector<std::string>> read_names(const std::string& body) {
    std::vector<std::string> out;
    if (body.empty()) return out;
    const Error wrong{
        ErrorCode::invalid_argument, "the body must be {\"models\": [\"name\", ...]}"
    };
    const auto value = json::read(body);
    if (!value || !value->is_object()) return wrong;
    const json::Value* models = json::find(*value, "models");
    if (!models) return out;
    if (!models->is_array() || models->get_array().size() > kMaxNames) return wrong;
    for (const json::Value& name : models->get_array()) {
        if (!name.is_string()) return wrong;
        out.emplace_back(json::view(name.get_string()));
    }
    return out;
}

void verify(models::ModelStore& store, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto names = read_names(request.body);
    if (!names) return exchange.send(error_response(names.error(), request));
    http::NdjsonStream out(exchange);
    const auto tell = [&out](const models::VerifyProgress& progress) {
        // A client that left is seen by the stop token.
        (void)out.line(line_of(progress));
    };
    const auto good = store.verify(request.principal, *names, tell, exchange.client_gone());
    if (!good && !out.opened()) return exchange.send(error_response(good.error(), request));
    (void)out.line(
        good ? json::Object{{"done", true}, {"good", *good}}
             : json::Object{{"error", json::Object{
                   {"code", to_string(good.error().code)}, {"message", good.error().message}
               }}}
    );
    out.finish();
}

}  // namespace

std::vector<http::Route> verify_routes(models::ModelStore& store) {
    http::Route out;
    out.method = "POST";
    out.path = "/api/admin/models/verify";
    out.access = http::Access::admin;
    out.handler = [&store](http::Exchange& exchange) { verify(store, exchange); };
    out.max_body_bytes = std::size_t{1} << 20;
    return {out};
}

}  // namespace moat::api::moat_api
