#include <charconv>

#include <fmt/core.h>

#include "cli/http_client.h"

namespace moat::cli {
namespace {

// Splits off ":port", minding that a bare IPv6 address is full of colons.
std::pair<std::string_view, std::string_view> split_port(std::string_view authority) {
    const auto bracket = authority.rfind(']');
    const auto colon = authority.rfind(':');
    const bool bare_ipv6 = bracket == std::string_view::npos && authority.find(':') != colon;
    if (colon == std::string_view::npos || bare_ipv6 ||
        (bracket != std::string_view::npos && colon < bracket)) {
        return {authority, {}};
    }
    return {authority.substr(0, colon), authority.substr(colon + 1)};
}

}  // namespace

std::string server_url(std::string_view setting) {
    std::string_view scheme = "http";
    std::string_view default_port = "11434";
    if (const auto mark = setting.find("://"); mark != std::string_view::npos) {
        scheme = setting.substr(0, mark);
        setting.remove_prefix(mark + 3);
        default_port = scheme == "https" ? "443" : "80";
    }
    setting = setting.substr(0, setting.find('/'));
    auto [host, port] = split_port(setting);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    const bool is_port = error == std::errc() && end == port.data() + port.size() && number < 65536;
    if (!is_port) port = default_port;
    if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
    if (host == "[::]" || host == "::") host = "[::1]";
    const bool bare_ipv6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
    return fmt::format(
        "{}://{}{}{}:{}", scheme, bare_ipv6 ? "[" : "", host, bare_ipv6 ? "]" : "", port
    );
}

std::string url_encode(std::string_view text) {
    constexpr std::string_view kUnreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string encoded;
    for (const char c : text) {
        if (kUnreserved.find(c) != std::string_view::npos) {
            encoded += c;
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

}  // namespace moat::cli
