#include "api/openai/errors.h"
#include "api/openai/routes.h"

namespace moat::api::openai {
namespace {

json::Object model_of(const models::Model& model) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(model.modified_at.time_since_epoch());
    return {
        {"id", model.name.display()},
        {"object", "model"},
        {"created", seconds.count()},
        {"owned_by", model.name.name_space},
    };
}

}  // namespace

void list_models(http::Exchange& exchange, const models::ModelStore& store) {
    const auto models = store.list(exchange.request().principal);
    if (!models) return exchange.send(error_response(models.error()));
    json::Array data;
    for (const models::Model& model : *models)
        data.push_back(model_of(model));
    exchange.send(json_response(json::Object{{"object", "list"}, {"data", std::move(data)}}));
}

void get_model(http::Exchange& exchange, const models::ModelStore& store) {
    const auto model = store.find(exchange.request().principal, exchange.request().param("model"));
    if (!model) return exchange.send(error_response(model.error()));
    exchange.send(json_response(model_of(*model)));
}

}  // namespace moat::api::openai
