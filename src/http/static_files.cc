#include "http/static_files.h"

#include <algorithm>
#include <string>

namespace moat::http {
namespace {

const EmbeddedFile* find_file(std::span<const EmbeddedFile> files, std::string_view path) {
    const auto found = std::ranges::find(files, path, &EmbeddedFile::path);
    return found == files.end() ? nullptr : &*found;
}

// Nothing on a page of ours comes from elsewhere, and no other page may frame it.
constexpr std::string_view kContentPolicy =
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'";

void send_file(Exchange& exchange, const EmbeddedFile& file) {
    const Request& request = exchange.request();
    Response response;
    response.content_type = file.content_type;
    response.headers = {
        {"ETag", std::string(file.etag)},
        {"Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Vary", "Accept-Encoding"},
    };
    if (file.content_type.starts_with("text/html"))
        response.headers.emplace_back("Content-Security-Policy", kContentPolicy);
    if (request.header("if-none-match") == file.etag) {
        response.status = 304;
        return exchange.send(std::move(response));
    }
    const bool gzip = !file.gzip.empty() && request.header("accept-encoding").contains("gzip");
    if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = gzip ? file.gzip : file.data;
    exchange.send(std::move(response));
}

Handler root_handler(const EmbeddedFile* index) {
    return [index](Exchange& exchange) {
        const bool browser = exchange.request().header("accept").contains("text/html");
        if (index != nullptr && browser) return send_file(exchange, *index);
        Response response;
        response.content_type = "text/plain; charset=utf-8";
        response.body = "Ollama is running";
        response.headers = {{"Vary", "Accept"}};
        exchange.send(std::move(response));
    };
}

}  // namespace

std::vector<Route> static_routes(std::span<const EmbeddedFile> files) {
    std::vector<Route> routes;
    const auto add = [&routes](std::string path, Handler handler) {
        Route route;
        route.method = "GET";
        route.path = std::move(path);
        route.access = Access::anyone;
        route.handler = std::move(handler);
        route.quick = true;
        routes.push_back(std::move(route));
    };
    add("/", root_handler(find_file(files, "index.html")));
    for (const EmbeddedFile& file : files)
        add('/' + std::string(file.path),
            [&file](Exchange& exchange) { send_file(exchange, file); });
    return routes;
}

}  // namespace moat::http
