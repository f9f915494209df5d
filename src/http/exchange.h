#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/principal.h"
#include "base/result.h"

// What a handler sees of HTTP: plain structs, no Beast, no sockets.
namespace moat::http {

struct Request {
    std::string method;                                        // "GET"
    std::string path;                                          // decoded, without the query
    std::vector<std::pair<std::string, std::string>> query;    // decoded
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::map<std::string, std::string, std::less<>> params;    // {name} parts of the route
    std::string body;
    std::string remote_address;
    std::string id;  // of this request, also in the X-Request-Id header of the response
    Principal principal;

    std::string_view header(std::string_view lower_case_name) const;  // empty when absent
    std::optional<std::string> query_value(std::string_view name) const;
    std::string param(std::string_view name) const;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json; charset=utf-8";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

// The other end of a request, used by its handler's thread. A handler either send()s once, or
// start()s, write()s any number of times, and finish()es.
//
// Threads: one at a time; client_gone() may be observed from any.
// Errors:  cancelled, once the client is gone: stop working.
class Exchange {
  public:
    virtual ~Exchange() = default;

    virtual const Request& request() const = 0;
    virtual void send(Response response) = 0;

    virtual Status start(
        int status,
        std::string_view content_type,
        std::span<const std::pair<std::string, std::string>> headers = {}
    ) = 0;
    // Blocks while the client reads slower than we write.
    virtual Status write(std::string_view piece) = 0;
    virtual void finish() = 0;

    // Streams the request body when the route asked for that (Route::stream_body): fills `buffer`,
    // returns the count, 0 at the end.
    virtual Result<std::size_t> read_body(std::span<std::byte> buffer) = 0;

    // Stop is requested once the client is gone, or the server stops.
    virtual std::stop_token client_gone() const = 0;
};

// Runs on a worker thread and may block. One that returns without answering sends 500.
using Handler = std::function<void(Exchange&)>;

}  // namespace moat::http
