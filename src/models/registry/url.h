#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// The part of RFC 3986 that registries use: absolute http and https addresses, and references
// relative to one. Threads: any (values).
namespace moat::models {

struct Url {
    std::string scheme;     // http or https
    std::string authority;  // host[:port], in lower case
    std::string target;     // from the first '/', with the query

    std::string text() const { return scheme + "://" + authority + target; }
    bool same_origin(const Url& other) const {
        return scheme == other.scheme && authority == other.authority;
    }
};

// Errors: invalid_argument (another scheme, a user name or password, spaces or control characters,
// longer than 16 KiB).
Result<Url> parse_url(std::string_view text);
// What `reference` in a header of a reply from `base` means. Errors: those of parse_url().
Result<Url> resolve(const Url& base, std::string_view reference);

// `name=value`, percent-encoded, joined to the query of `url`.
std::string with_query(std::string url, std::string_view name, std::string_view value);
std::string percent_encoded(std::string_view text, std::string_view also_plain = "");

}  // namespace moat::models
