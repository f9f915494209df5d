#include "app/server_app.h"

#include <atomic>
#include <unistd.h>

#include <fmt/format.h>

#include "access/policy.h"
#include "api/anthropic/routes.h"
#include "api/moat/alias_routes.h"
#include "api/moat/ask_routes.h"
#include "api/moat/backup_routes.h"
#include "api/moat/conversation_routes.h"
#include "api/moat/document_routes.h"
#include "api/moat/keys_routes.h"
#include "api/moat/knowledge_routes.h"
#include "api/moat/status_routes.h"
#include "api/moat/verify_routes.h"
#include "api/ollama/routes.h"
#include "api/ollama/transfer_routes.h"
#include "api/openai/routes.h"
#include "api/texts/routes.h"
#include "api/weaviate/modules.h"
#include "api/weaviate/routes.h"
#include "app/data_folder.h"
#include "app/error_style.h"
#include "app/exposure.h"
#include "app/grpc_service.h"
#include "app/health_routes.h"
#include "app/key_services.h"
#include "app/knowledge_services.h"
#include "app/model_services.h"
#include "app/open_files.h"
#include "app/version.h"
#include "base/log.h"
#include "http/page.h"

namespace moat::app {
namespace {

std::string machine_name() {
    std::string name(256, '\0');
    if (::gethostname(name.data(), name.size()) != 0) return "localhost";
    name.resize(name.find('\0'));
    return name;
}

http::ServerSettings http_settings(const Config& config, std::size_t open_files) {
    http::ServerSettings settings;
    settings.listen = config.listen;
    settings.tls = config.tls;
    settings.limits.max_connections = connections_for(open_files);
    settings.admission.origins = http::OriginPolicy(config.origins);
    settings.admission.loopback_only = !is_exposed(config);
    settings.admission.machine_name = machine_name();
    settings.admission.errors = error_in_style_of;
    return settings;
}

}  // namespace

// In the order of making; taken down in reverse.
struct ServerApp::Parts {
    explicit Parts(Config given) : config(std::move(given)) {}

    const Config config;
    const SystemClock clock;
    std::optional<DataFolder> folder;
    std::unique_ptr<KeyServices> keys;
    std::unique_ptr<ModelServices> models;
    std::unique_ptr<KnowledgeServices> knowledge;
    std::optional<api::weaviate::ModelModules> modules;
    std::unique_ptr<collections::BackupJobs> backups;
    http::Router router;
    std::atomic<bool> ready = false;
    std::unique_ptr<http::Server> server;
    GrpcService grpc;

    Status open();
    void add_routes();
    api::moat_api::ServerStatus status();
    api::weaviate::Services weaviate() {
        return {
            .database = knowledge->collections(),
            .embedder = knowledge->embedder(),
            .modules = *modules,
            .backups = *backups,
        };
    }
};

Status ServerApp::Parts::open() {
    const std::size_t open_files = raise_open_files_limit();
    TRY_ASSIGN(folder, DataFolder::take(config.data));
    TRY_ASSIGN(keys, KeyServices::open(config, clock));
    TRY_ASSIGN(models, ModelServices::open(config, clock));
    TRY_ASSIGN(knowledge, KnowledgeServices::open(config, *models, clock));
    modules.emplace(models->store, models->runtime, knowledge->generator());
    backups = std::make_unique<collections::BackupJobs>(
        knowledge->collections(), config.data / "backups"
    );
    add_routes();
    TRY_ASSIGN(
        server, http::Server::start(router, keys->keys(), http_settings(config, open_files))
    );
    TRY_ASSIGN(
        grpc, GrpcService::start(config, api::weaviate::rpc_methods(weaviate()), keys->keys())
    );
    ready = true;
    return Ok{};
}

void ServerApp::Parts::add_routes() {
    router.add(http::static_routes(http::page_files()));
    router.add(health_routes(
        [this] { return ready.load(); },
        [this] { return !knowledge->collections().damages().empty(); }
    ));
    router.add(api::ollama::routes({
        .store = models->store,
        .runtime = models->runtime,
        .clock = clock,
        .version = std::string(kOllamaVersion),
    }));
    router.add(api::ollama::transfer_routes(models->registry));
    router.add(api::openai::routes(models->runtime, models->store));
    router.add(api::anthropic::routes(models->runtime));
    router.add(api::texts::routes(models->runtime, error_in_style_of));
    router.add(api::weaviate::routes(weaviate()));
    router.add(api::moat_api::alias_routes(models->store));
    router.add(api::moat_api::backup_routes(*backups));
    router.add(api::moat_api::keys_routes(keys->keys()));
    router.add(api::moat_api::verify_routes(models->store));
    router.add(api::moat_api::knowledge_routes(knowledge->bases()));
    router.add(api::moat_api::document_routes(knowledge->bases()));
    router.add(api::moat_api::ask_routes(knowledge->answerer()));
    router.add(api::moat_api::conversation_routes(knowledge->answerer()));
    router.add(api::moat_api::status_routes(status()));
}

api::moat_api::ServerStatus ServerApp::Parts::status() {
    return {
        .version = std::string(kVersion),
        .ollama_version = std::string(kOllamaVersion),
        .chat_model = [this](const Principal& who) -> std::optional<std::string> {
            auto model = knowledge->generator().default_model(who);
            if (!model) return std::nullopt;
            return model->name;
        },
        .embedding_model = [this] { return knowledge->embedder().default_model(); },
        .key_required = [this] { return keys->keys().key_required(); },
        .store_memory = [this] { return knowledge->collections().memory_bytes(); },
        .store_memory_limit = knowledge->collections_memory_limit(),
    };
}

ServerApp::ServerApp(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ServerApp::~ServerApp() {
    stop(std::chrono::milliseconds(0));
}

Result<std::unique_ptr<ServerApp>> ServerApp::start(Config config) {
    auto parts = std::make_unique<Parts>(std::move(config));
    TRY(parts->open());
    return std::unique_ptr<ServerApp>(new ServerApp(std::move(parts)));
}

const std::vector<HostPort>& ServerApp::addresses() const {
    return parts_->server->addresses();
}

std::vector<ServerApp::Notice> ServerApp::notices() const {
    std::vector<Notice> out;
    if (const HostPort* address = parts_->grpc.address())
        out.push_back(
            {fmt::format("gRPC for Weaviate's clients on {}", address->authority()),
             fmt::format("供 Weaviate 客户端使用的 gRPC：{}", address->authority())}
        );
    if (const std::string& failure = parts_->grpc.failure(); !failure.empty())
        out.push_back(
            {"Without gRPC: " + failure + " Choose another address with --grpc-listen, or off.",
             "gRPC 未启用：" + failure + " 可用 --grpc-listen 指定其他地址或 off。"}
        );
    if (parts_->keys->made_first_key())
        out.push_back(
            {"The first administrator's key was written to keys/first-admin-key in the data "
             "folder.",
             "首个管理员密钥已写入数据目录的 keys/first-admin-key。"}
        );
    if (is_exposed(parts_->config) && !parts_->keys->keys().key_required())
        out.push_back(
            {"INSECURE: everyone on the network may do everything here.",
             "不安全：网络中的任何人都可以在这里进行任何操作。"}
        );
    const auto status = parts_->status();
    if (!status.chat_model(access::system_principal()))
        out.push_back(
            {"No chat model is installed: answers are quoted from the documents. Install one with: "
             "moat create NAME -f Modelfile",
             "尚未安装对话模型：将以引用文档原文的方式回答。安装方法：moat create NAME -f Modelfile"
            }
        );
    if (!status.embedding_model())
        out.push_back(
            {"No embedding model is installed: search is by keywords only.",
             "尚未安装向量模型：目前仅按关键词检索。"}
        );
    return out;
}

void ServerApp::stop(std::chrono::milliseconds grace) {
    parts_->ready = false;
    parts_->server->stop(grace);
    parts_->grpc.stop(grace);
}

}  // namespace moat::app
