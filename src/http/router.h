#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/principal.h"
#include "http/exchange.h"

namespace moat::http {

// Who may call a route. Closed unless said otherwise.
enum class Access { anyone, user, admin };

struct Route {
    std::string method;  // "GET"; GET answers HEAD too
    std::string path;    // "/api/kb/{kb}/documents/{id}"; {rest...} at the end takes the remainder
    Access access = Access::user;
    Handler handler;
    std::size_t max_body_bytes = std::size_t{32} << 20;
    bool stream_body = false;  // the handler reads the body itself
    bool quick = false;        // never blocks: run on the I/O thread
};

// Finds the route of a request. Threads: add() before serving; find() from any after.
class Router {
  public:
    Router();
    ~Router();

    void add(Route route);
    void add(std::vector<Route> routes);

    struct Match {
        const Route* route = nullptr;  // null: none
        bool path_known = false;       // another method would match: 405 instead of 404
        std::map<std::string, std::string, std::less<>> params;
    };
    Match find(std::string_view method, std::string_view path) const;
    const std::vector<Route>& routes() const;

  private:
    std::vector<Route> routes_;
};

}  // namespace moat::http
