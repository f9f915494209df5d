#pragma once

#include <string>
#include <string_view>
#include <vector>

// Which browser pages may talk to the server. Threads: any, after construction.
namespace moat::http {

// Cross-origin requests (fetch standard, CORS): pages of this machine, desktop shells, and what the
// administrator names (OLLAMA_ORIGINS: "https://intranet.example", "http://10.0.0.*:3000", "*").
class OriginPolicy {
  public:
    explicit OriginPolicy(std::vector<std::string> extra_origins = {});

    // `origin` empty (no browser) or equal to the server's own `host` is always allowed.
    bool allows(std::string_view origin, std::string_view host) const;

  private:
    std::vector<std::string> patterns_;
};

// '*' matches any run of characters; compared without case.
bool matches_pattern(std::string_view pattern, std::string_view text);

// May a request with this Host header reach a server that listens on loopback only? No for names
// that somebody else's DNS may point here (DNS rebinding).
bool host_is_local(std::string_view host, std::string_view machine_name);

// The headers that answer a preflight and accompany answers to an allowed origin.
std::vector<std::pair<std::string, std::string>> cors_headers(
    std::string_view origin, bool preflight
);

}  // namespace moat::http
