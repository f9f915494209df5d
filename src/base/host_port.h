#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Network addresses as people write them. Threads: any; nothing here keeps state.
namespace moat {

struct HostPort {
    std::string scheme = "http";  // or https
    std::string host;             // a name or a literal address, without brackets
    std::uint16_t port = 0;

    std::string authority() const;  // host:port, or [v6]:port
    std::string url() const;        // scheme://authority
    // Can only this machine reach it? False for every name but localhost.
    bool is_loopback() const;
};

// "[scheme://]host[:port][/...]", ":port" (all interfaces) and "[v6]:port", as OLLAMA_HOST has it:
// without a port http:// means 80, https:// 443, no scheme `default_port`.
// Errors: invalid_argument.
Result<HostPort> parse_host_port(std::string_view text, std::uint16_t default_port);

}  // namespace moat
