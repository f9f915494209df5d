#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace moat::models {

struct TransferRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    // Read as it goes out instead of `body`: fills a buffer and returns the count, 0 at the end.
    std::function<Result<std::size_t>(std::span<std::byte>)> body_source{};
    std::uint64_t body_source_bytes = 0;
    std::function<void()> body_rewind{};  // before each time the body goes out from its beginning
    std::size_t max_reply_bytes = std::size_t{4} << 20;  // of a body that goes to no sink
    // No byte in either direction for this long ends it as timed_out.
    std::chrono::milliseconds stall_limit = std::chrono::seconds(30);
};

struct TransferReply {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers{};  // names in lower case
    std::string body{};                                          // empty when it went to a sink
    std::string url{};                                           // that answered, after redirects

    std::string_view header(std::string_view lower_case_name) const {
        for (const auto& [name, value] : headers)
            if (name == lower_case_name) return value;
        return {};
    }
};

// Where the body of a 2xx reply goes as it comes. An error ends the transfer, and is its error.
class TransferSink {
  public:
    virtual ~TransferSink() = default;
    virtual Status head(const TransferReply& reply) = 0;  // once, before the first piece
    virtual Status body(BytesView piece) = 0;
};

// HTTP to hosts outside: TLS, certificates, proxies and connections are its matter, redirects and
// authorization are not. Implemented in adapters/curl.
//
// Threads: any; each call blocks until its transfer ends.
// Errors:  io (no connection, or one that broke, or a body shorter than announced), timed_out,
//          too_large, cancelled by `stop`, and those of the sink. Any status is a reply.
class HttpTransfer {
  public:
    virtual ~HttpTransfer() = default;
    virtual Result<TransferReply> send(
        const TransferRequest& request, TransferSink* sink, std::stop_token stop
    ) = 0;
};

}  // namespace moat::models
