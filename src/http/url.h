#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// Request targets (RFC 3986, RFC 9112 section 3.2). Threads: any; nothing here keeps state.
namespace moat::http {

// "%E4%BD%A0" -> bytes. Errors: invalid_argument (a % without two hex digits, a NUL byte, bytes
// that are not UTF-8).
Result<std::string> percent_decode(std::string_view text);
// Everything but unreserved characters as %XX; '/' too unless `keep_slash`.
std::string percent_encode(std::string_view text, bool keep_slash = false);

struct Target {
    std::string raw_path;  // still encoded: an encoded '/' is no separator
    std::string path;      // decoded
    std::vector<std::pair<std::string, std::string>> query;  // decoded, '+' as space
};

// "/path?query", or the absolute form a proxy client sends. Errors: invalid_argument.
Result<Target> parse_target(std::string_view target);

}  // namespace moat::http
