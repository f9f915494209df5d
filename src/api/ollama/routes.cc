#include "api/ollama/routes.h"

#include "api/ollama/handlers.h"

namespace moat::api::ollama {
namespace {

using http::Access;

constexpr std::size_t kMaxJsonBytes = std::size_t{64} << 20;  // images travel in JSON
constexpr std::size_t kMaxBlobBytes = std::size_t{1} << 42;

http::Route route(
    std::string method,
    std::string path,
    Access access,
    const Services& services,
    void (*handle)(http::Exchange&, const Services&)
) {
    return http::Route{
        .method = std::move(method),
        .path = std::move(path),
        .access = access,
        .handler = [services, handle](http::Exchange& exchange) { handle(exchange, services); },
        .max_body_bytes = kMaxJsonBytes
    };
}

}  // namespace

std::vector<http::Route> routes(const Services& services) {
    auto upload = route("POST", "/api/blobs/{digest}", Access::admin, services, put_blob);
    upload.max_body_bytes = kMaxBlobBytes;
    upload.stream_body = true;
    auto version = route("GET", "/api/version", Access::anyone, services, get_version);
    version.quick = true;
    return {
        std::move(version),
        route("GET", "/api/tags", Access::user, services, list_models),
        route("GET", "/api/ps", Access::user, services, list_loaded),
        route("POST", "/api/generate", Access::user, services, generate),
        route("POST", "/api/chat", Access::user, services, chat),
        route("POST", "/api/embed", Access::user, services, embed),
        route("POST", "/api/embeddings", Access::user, services, embed_one),
        route("POST", "/api/me", Access::user, services, who_is_signed_in),
        route("POST", "/api/signout", Access::user, services, sign_out),
        route("DELETE", "/api/user/keys/{key}", Access::user, services, sign_out),
        route("POST", "/api/experimental/web_search", Access::user, services, search_web),
        route("POST", "/api/experimental/web_fetch", Access::user, services, fetch_page),
        route("GET", "/api/experimental/model-recommendations", Access::user, services, recommend),
        route("POST", "/api/show", Access::user, services, show_model),
        route("POST", "/api/create", Access::admin, services, create_model),
        route("POST", "/api/copy", Access::admin, services, copy_model),
        route("DELETE", "/api/delete", Access::admin, services, delete_model),
        route("HEAD", "/api/blobs/{digest}", Access::user, services, has_blob),
        std::move(upload),
    };
}

}  // namespace moat::api::ollama
