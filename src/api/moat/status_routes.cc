#include "api/moat/status_routes.h"

#include <memory>

#include "api/moat/bodies.h"

namespace moat::api::moat_api {
namespace {

json::Value name_or_null(const std::optional<std::string>& name) {
    return name ? json::Value(*name) : json::Value(nullptr);
}

json::Object notice(std::string_view code, std::string_view english, std::string_view chinese) {
    return json::Object{{"code", code}, {"en", english}, {"zh", chinese}};
}

json::Array notices(bool has_chat_model, bool has_embedding_model) {
    json::Array items;
    if (!has_chat_model)
        items.emplace_back(notice(
            "no_chat_model",
            "No chat model is installed: questions are answered by quoting your documents. Install "
            "one with: moat create NAME -f Modelfile",
            "尚未安装对话模型：将以引用文档原文的方式回答。安装方法：moat create NAME -f Modelfile"
        ));
    if (!has_embedding_model)
        items.emplace_back(notice(
            "no_embedding_model",
            "No embedding model is installed: search works by keywords only. Install one with: "
            "moat create NAME -f Modelfile",
            "尚未安装向量模型：目前仅按关键词检索。安装方法：moat create NAME -f Modelfile"
        ));
    return items;
}

std::string_view name_of(Role role) {
    switch (role) {
        case Role::admin:
            return "admin";
        case Role::user:
            return "user";
        case Role::nobody:
            return "nobody";
    }
    return "nobody";
}

void show(const ServerStatus& status, http::Exchange& exchange) {
    const Principal& who = exchange.request().principal;
    const auto chat = status.chat_model(who);
    const auto embedding = status.embedding_model();
    json::Object body;
    body["version"] = status.version;
    body["ollama_version"] = status.ollama_version;
    body["chat_model"] = name_or_null(chat);
    body["embedding_model"] = name_or_null(embedding);
    body["notices"] = notices(chat.has_value(), embedding.has_value());
    body["auth"] = json::Object{
        {"required", status.key_required()},
        {"principal", who.name},
        {"role", name_of(who.role)},
    };
    body["store"] = json::Object{
        {"memory_bytes", status.store_memory()},
        {"memory_limit_bytes", status.store_memory_limit},
    };
    // What Ollama answers here: there is no vendor's cloud behind this server.
    body["cloud"] = json::Object{{"disabled", true}, {"source", "config"}};
    send_json(exchange, 200, body);
}

}  // namespace

std::vector<http::Route> status_routes(ServerStatus status) {
    const auto shared = std::make_shared<const ServerStatus>(std::move(status));
    http::Route route;
    route.method = "GET";
    route.path = "/api/status";
    route.handler = [shared](http::Exchange& exchange) { show(*shared, exchange); };
    return {route};
}

}  // namespace moat::api::moat_api
