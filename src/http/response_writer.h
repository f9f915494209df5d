#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Responses as bytes (RFC 9112). Threads: any; nothing here keeps state.
namespace moat::http {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct ResponseHead {
    int status = 200;
    std::string content_type;           // empty: none
    HeaderList headers;                 // what the handler and the server add
    std::optional<std::size_t> length;  // of the body; unset: chunked, or until the close
    bool keep_alive = true;
    bool http_1_0 = false;
};

// Line ends within a value are dropped, so that no input can add a header.
std::string response_head(const ResponseHead& head, std::string_view date);
// One chunk; empty for an empty piece, which would end the body.
void append_chunk(std::string& out, std::string_view piece);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// Has a response with this status a body? (RFC 9110 section 6.4.1)
bool status_has_body(int status);
std::string_view reason_of(int status);
// "Sat, 21 Nov 2026 11:02:36 GMT" (RFC 9110 section 5.6.7)
std::string http_date(std::int64_t unix_seconds);

}  // namespace moat::http
