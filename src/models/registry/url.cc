#include "models/registry/url.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/model_name.h"

namespace moat::models {
namespace {

constexpr std::size_t kMaxLength = 16384;

bool is_unreserved(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

Error invalid() {
    return Error{ErrorCode::invalid_argument, "not an http or https address"};
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
    const auto is_plain = [](char c) { return c > ' ' && c < 0x7F; };
    if (text.size() > kMaxLength || !std::ranges::all_of(text, is_plain)) return invalid();
    const auto colon = text.find("://");
    if (colon == std::string_view::npos) return invalid();
    Url out;
    out.scheme = ascii_lower(text.substr(0, colon));
    if (out.scheme != "http" && out.scheme != "https") return invalid();
    text.remove_prefix(colon + 3);
    text = text.substr(0, text.find('#'));
    const auto end = std::min(text.find_first_of("/?"), text.size());
    out.authority = ascii_lower(text.substr(0, end));
    out.target = text.substr(end);
    if (!out.target.starts_with('/')) out.target.insert(0, "/");
    const bool has_user = out.authority.contains('@');
    if (out.authority.empty() || has_user || out.authority.contains('\\')) return invalid();
    return out;
}

Result<Url> resolve(const Url& base, std::string_view reference) {
    if (reference.contains("://") && reference.find("://") < reference.find_first_of("/?#"))
        return parse_url(reference);
    if (reference.starts_with("//")) return parse_url(fmt::format("{}:{}", base.scheme, reference));
    const std::string origin = base.scheme + "://" + base.authority;
    if (reference.starts_with('/')) return parse_url(origin + std::string(reference));
    const std::string path = base.target.substr(0, base.target.find('?'));
    if (reference.starts_with('?')) return parse_url(origin + path + std::string(reference));
    return parse_url(origin + path.substr(0, path.rfind('/') + 1) + std::string(reference));
}

std::string percent_encoded(std::string_view text, std::string_view also_plain) {
    std::string out;
    for (const char c : text) {
        if (is_unreserved(c) || also_plain.contains(c))
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string with_query(std::string url, std::string_view name, std::string_view value) {
    url += url.contains('?') ? '&' : '?';
    return url + percent_encoded(name) + "=" + percent_encoded(value);
}

}  // namespace moat::models
