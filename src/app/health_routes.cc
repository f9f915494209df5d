#include "app/health_routes.h"

namespace moat::app {
namespace {

http::Route probe(std::string path, http::Handler handler) {
    http::Route route;
    route.method = "GET";
    route.path = std::move(path);
    route.access = http::Access::anyone;
    route.handler = std::move(handler);
    route.quick = true;
    return route;
}

http::Response text(int status, std::string body) {
    return {
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .headers = {{"Cache-Control", "no-store"}},
        .body = std::move(body)
    };
}

}  // namespace

std::vector<http::Route> health_routes(std::function<bool()> ready) {
    return {
        probe("/healthz", [](http::Exchange& exchange) { exchange.send(text(200, "ok\n")); }),
        probe(
            "/readyz",
            [ready = std::move(ready)](http::Exchange& exchange) {
                exchange.send(ready() ? text(200, "ready\n") : text(503, "not ready\n"));
            }
        ),
    };
}

}  // namespace moat::app
