#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace moat::cli {

struct HttpRequest {
    std::string method = "GET";
    std::string path;  // from the root, with its query, encoded
    std::string body;
    std::string content_type = "application/json";
    std::filesystem::path body_file;  // sent instead of `body` when not empty
    // Called as the file goes out: bytes sent, bytes in all.
    std::function<void(std::uint64_t, std::uint64_t)> on_upload;
    // Asked again and again, at least every second; true ends the request.
    std::function<bool()> must_stop;
};

struct HttpReply {
    int status = 0;
    std::string body;  // empty when it went to a sink
};

// The server at the other end. Implemented in adapters/curl.
//
// Threads: one at a time. Errors: io when the server cannot be reached or goes away in the middle,
//          cancelled when the sink or must_stop said so. A status of 400 and more is a reply, not
//          an error.
class HttpClient {
  public:
    // Gets the body of a reply below 400 in pieces as they come; false ends the request.
    using BodySink = std::function<bool(std::string_view piece)>;

    virtual ~HttpClient() = default;
    virtual Result<HttpReply> send(const HttpRequest& request, const BodySink& sink = {}) = 0;
};

// Where the server is, from MOAT_HOST or OLLAMA_HOST: "[scheme://]host[:port]", default
// 127.0.0.1:11434. An address that means "all interfaces" is reached through loopback.
// Returns scheme://host:port.
std::string server_url(std::string_view host_setting);

// One path segment or query value, percent-encoded (RFC 3986).
std::string url_encode(std::string_view text);

}  // namespace moat::cli
