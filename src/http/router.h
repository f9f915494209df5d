#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
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

// Finds the route of a request: segment by segment, a literal one before a {parameter}, a
// parameter before {rest...}. Threads: add() before serving; find() from any after.
class Router {
  public:
    // Adding the same method and path twice is a bug.
    void add(Route route);
    void add(std::vector<Route> routes);

    struct Match {
        const Route* route = nullptr;  // null: none
        std::string allow;             // methods the path knows, when it knows any: 405, not 404
        std::map<std::string, std::string, std::less<>> params;  // decoded
    };
    // `raw_path` is still percent-encoded, so that a parameter may hold an encoded '/'.
    Match find(std::string_view method, std::string_view raw_path) const;
    const std::vector<Route>& routes() const { return routes_; }

  private:
    using Segments = std::vector<std::string>;
    static Segments split(std::string_view path);

    std::vector<Route> routes_;
    std::vector<Segments> patterns_;  // of the route with the same index
};

}  // namespace moat::http
