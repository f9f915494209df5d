#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace moat::http {

struct MessageHead {
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    bool http_1_0 = false;
    bool keep_alive = true;
    bool expects_continue = false;
    bool has_body = false;
    std::optional<std::uint64_t> content_length;  // empty: chunked, or no body
};

// Reads one request from the bytes of a connection (RFC 9112). What is ambiguous is refused, so
// that a proxy before us cannot see other requests than we do.
//
// Threads: one at a time. Errors: invalid_argument (malformed), too_large (head over 64 KiB),
// unsupported (a transfer coding other than chunked).
class MessageReader {
  public:
    MessageReader();
    ~MessageReader();
    MessageReader(MessageReader&&) noexcept;

    // Takes the head when `data` holds all of it; 0 bytes are used until then.
    Result<std::size_t> read_head(std::string_view data);
    const std::optional<MessageHead>& head() const { return head_; }

    // Decodes body bytes from `data` onto `out`, at most `max` of them; returns the bytes used.
    Result<std::size_t> read_body(std::string_view data, std::string& out, std::size_t max);
    bool done() const;

  private:
    struct Parser;
    Result<std::size_t> put(std::string_view data);
    Status take_head();

    std::unique_ptr<Parser> parser_;
    std::optional<MessageHead> head_;
};

}  // namespace moat::http
