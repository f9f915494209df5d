#include "base/host_port.h"

#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

#include <fmt/format.h>

namespace moat {
namespace {

Error invalid(std::string_view text) {
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("\"{}\" is not an address such as 127.0.0.1:11434", text)
    };
}

bool host_is_plausible(std::string_view host) {
    return host.find_first_of(" \t\r\n/\\@?#[]") == std::string_view::npos;
}

}  // namespace

std::string HostPort::authority() const {
    return host.contains(':') ? fmt::format("[{}]:{}", host, port)
                              : fmt::format("{}:{}", host, port);
}

std::string HostPort::url() const {
    return scheme + "://" + authority();
}

bool HostPort::is_loopback() const {
    if (host == "localhost") return true;
    in_addr v4{};
    if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    in6_addr v6{};
    return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<HostPort> parse_host_port(std::string_view text, std::uint16_t default_port) {
    const std::string_view whole = text;
    HostPort out;
    out.port = default_port;
    if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
        out.scheme = text.substr(0, end);
        if (out.scheme != "http" && out.scheme != "https") return invalid(whole);
        out.port = out.scheme == "https" ? 443 : 80;
        text = text.substr(end + 3);
    }
    text = text.substr(0, text.find('/'));

    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return invalid(whole);
        out.host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && !rest.starts_with(':')) return invalid(whole);
        port = rest.empty() ? rest : rest.substr(1);
    } else if (const std::size_t colon = text.find(':'); colon == text.rfind(':')) {
        out.host = text.substr(0, colon);
        if (colon != std::string_view::npos) port = text.substr(colon + 1);
    } else {
        out.host = text;  // an IPv6 address without brackets has no port
    }
    if (out.host.empty()) out.host = "0.0.0.0";
    if (!host_is_plausible(out.host)) return invalid(whole);
    if (port.empty()) return out;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || end != port.data() + port.size()) return invalid(whole);
    return out;
}

}  // namespace moat
