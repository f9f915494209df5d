#include <algorithm>

#include "api/ollama/errors.h"
#include "api/ollama/handlers.h"
#include "api/ollama/reply.h"

namespace moat::api::ollama {
namespace {

json::Object listed(const models::Model& model) {
    const std::string name = model.name.display();
    json::Object out{
        {"name", name},
        {"model", name},
        {"modified_at", to_rfc3339(model.modified_at)},
        {"size", model.size},
        {"digest", model.digest},
        {"details", details_of(model.details)},
        {"capabilities", texts_of(model.capabilities)}
    };
    if (!model.alias_of.empty()) out["alias_of"] = model.alias_of;
    return out;
}

json::Array replicas_of(const inference::LoadedModel& loaded) {
    json::Array out;
    for (const inference::Replica& replica : loaded.replicas)
        out.push_back(json::Object{
            {"gpus", texts_of(replica.gpus)}, {"busy", replica.busy}, {"queued", replica.queued}
        });
    return out;
}

json::Object running(const inference::LoadedModel& loaded, const models::Model* model) {
    json::Object out{
        {"name", loaded.name},
        {"model", loaded.name},
        {"size", loaded.size_bytes},
        {"digest", loaded.key},
        {"details", details_of(model ? model->details : models::ModelDetails())},
        {"expires_at", to_rfc3339(loaded.expires_at)},
        {"size_vram", loaded.size_vram_bytes},
        {"context_length", loaded.context_length},
        // Beyond Ollama's.
        {"slots", loaded.slots},
        {"busy", loaded.busy},
        {"queued", loaded.queued},
        {"tokens_per_second", loaded.tokens_per_second},
        {"replicas", replicas_of(loaded)}
    };
    if (loaded.loading) add_loading(out, *loaded.loading);
    return out;
}

Error no_cloud(std::string_view what) {
    return {ErrorCode::forbidden, "ollama cloud is disabled: " + std::string(what)};
}

}  // namespace

void get_version(http::Exchange& exchange, const Services& services) {
    exchange.send(json_response(json::Object{{"version", services.version}}));
}

void who_is_signed_in(http::Exchange& exchange, const Services& /*services*/) {
    exchange.send(
        error_response(no_cloud("this server has no accounts at ollama.com and never contacts it"))
    );
}

void sign_out(http::Exchange& exchange, const Services& /*services*/) {
    exchange.send({});
}

void search_web(http::Exchange& exchange, const Services& /*services*/) {
    exchange.send(error_response(no_cloud("web search is unavailable")));
}

void fetch_page(http::Exchange& exchange, const Services& /*services*/) {
    exchange.send(error_response(no_cloud("web fetch is unavailable")));
}

void recommend(http::Exchange& exchange, const Services& /*services*/) {
    exchange.send(json_response(json::Object{{"recommendations", json::Array()}}));
}

void list_models(http::Exchange& exchange, const Services& services) {
    const auto models = services.store.list(exchange.request().principal);
    if (!models) return exchange.send(error_response(models.error()));
    json::Array out;
    for (const models::Model& model : *models)
        out.push_back(listed(model));
    exchange.send(json_response(json::Object{{"models", std::move(out)}}));
}

void list_loaded(http::Exchange& exchange, const Services& services) {
    const Principal& who = exchange.request().principal;
    auto loaded = services.runtime.loaded(who);
    std::ranges::sort(loaded, std::greater(), &inference::LoadedModel::expires_at);
    json::Array out;
    for (const inference::LoadedModel& model : loaded) {
        // It may have been removed since; then only its details are unknown.
        const auto found = services.store.find(who, model.name);
        out.push_back(running(model, found ? &*found : nullptr));
    }
    exchange.send(json_response(json::Object{{"models", std::move(out)}}));
}

}  // namespace moat::api::ollama
