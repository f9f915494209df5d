#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace moat::models {

// What a registry asks for with status 401 (RFC 7235; the token scheme of the distribution
// protocol). Threads: any (a value).
struct Challenge {
    enum class Kind { basic, bearer };
    Kind kind = Kind::bearer;
    std::string realm;  // bearer: where tokens are given
    std::string service;
    std::string scope;  // several are separated by spaces
};

// Of a WWW-Authenticate header; unknown parameters are skipped.
// Errors: unsupported (another scheme), corrupt (not well-formed, or longer than 8 KiB).
Result<Challenge> parse_challenge(std::string_view header);

}  // namespace moat::models
