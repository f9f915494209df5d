#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moat::http {

// A request body whose Content-Encoding is `coding` (RFC 9110 section 8.4: gzip, zstd, identity;
// one coding, not a list), unpacked. `max_bytes` bounds the result, so that a small body cannot
// become a huge one. Threads: any. Cost: linear in the result.
// Errors: unsupported (another coding), too_large, invalid_argument (not such data).
Result<std::string> decode_body(
    std::string_view body, std::string_view coding, std::size_t max_bytes
);

}  // namespace moat::http
