#include "http/origin_policy.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>

namespace moat::http {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
    return out;
}

// "name:8080", "[::1]:8080", "name" -> the name, without brackets.
std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
    }
    // More than one colon: an IPv6 address without brackets, which has no port.
    if (std::ranges::count(host, ':') > 1) return host;
    return host.substr(0, host.find(':'));
}

bool is_private_v4(std::uint32_t a) {
    return a == 0 || a >> 24 == 127 || a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8;
}

// A literal address cannot be rebound; only those of this machine or its own network pass.
bool is_local_address(const std::string& text) {
    in_addr v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return is_private_v4(ntohl(v4.s_addr));
    in6_addr v6{};
    if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        const auto* b = &v6.s6_addr[12];
        return is_private_v4(
            std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3]
        );
    }
    return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6) ||
           (v6.s6_addr[0] & 0xfe) == 0xfc;
}

}  // namespace

OriginPolicy::OriginPolicy(std::vector<std::string> extra_origins)
    : patterns_(std::move(extra_origins)) {
    for (const std::string_view name : {"localhost", "127.0.0.1", "0.0.0.0", "[::1]"})
        for (const std::string_view scheme : {"http://", "https://"}) {
            patterns_.push_back(std::string(scheme).append(name));
            patterns_.push_back(std::string(scheme).append(name).append(":*"));
        }
    for (const std::string_view shell :
         {"app://*", "file://*", "tauri://*", "vscode-webview://*", "vscode-file://*"})
        patterns_.emplace_back(shell);
}

bool OriginPolicy::allows(std::string_view origin, std::string_view host) const {
    if (origin.empty()) return true;
    const std::string text = lower(origin);
    const std::string own = lower(host);
    if (text == "http://" + own || text == "https://" + own) return true;
    return std::ranges::any_of(patterns_, [&text](const std::string& pattern) {
        return matches_pattern(pattern, text);
    });
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && lower(pattern[p]) == lower(text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

bool host_is_local(std::string_view host, std::string_view machine_name) {
    const std::string name = lower(without_port(host));
    if (host.empty() || name == "localhost" || name == lower(machine_name)) return true;
    for (const std::string_view ending : {".localhost", ".local", ".internal"})
        if (name.ends_with(ending)) return true;
    return is_local_address(name);
}

std::vector<std::pair<std::string, std::string>> cors_headers(
    std::string_view origin, bool preflight
) {
    if (origin.empty()) return {};
    std::vector<std::pair<std::string, std::string>> out = {
        {"Access-Control-Allow-Origin", std::string(origin)}, {"Vary", "Origin"}
    };
    if (!preflight) {
        out.emplace_back("Access-Control-Expose-Headers", "X-Request-Id");
        return out;
    }
    std::string allowed =
        "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,X-Api-Key,OpenAI-Beta,"
        "Anthropic-Version,Anthropic-Beta";
    for (const std::string_view part :
         {"arch",
          "async",
          "custom-poll-interval",
          "helper-method",
          "lang",
          "os",
          "package-version",
          "poll-helper",
          "retry-count",
          "runtime",
          "runtime-version",
          "timeout"})
        allowed.append(",X-Stainless-").append(part);
    out.emplace_back("Access-Control-Allow-Headers", allowed);
    out.emplace_back("Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS");
    out.emplace_back("Access-Control-Max-Age", "43200");
    return out;
}

}  // namespace moat::http
