#include "app/health_routes.h"

namespace moat::app {
namespace {

// Whose collections, and what of them, is for the log: anyone may ask here.
constexpr const char* kDamaged =
    "ready\ndamaged: the disk lost a part of the collections; the log says which\n";

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

std::vector<http::Route> health_routes(std::function<bool()> ready, std::function<bool()> damaged) {
    return {
        probe("/healthz", [](http::Exchange& exchange) { exchange.send(text(200, "ok\n")); }),
        probe(
            "/readyz",
            [ready = std::move(ready), damaged = std::move(damaged)](http::Exchange& exchange) {
                if (!ready()) {
                    exchange.send(text(503, "not ready\n"));
                } else {
                    exchange.send(text(200, damaged() ? kDamaged : "ready\n"));
                }
            }
        ),
    };
}

}  // namespace moat::app
