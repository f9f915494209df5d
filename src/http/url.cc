#include "http/url.h"

#include "base/bytes.h"

namespace moat::http {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

Result<std::string> decode_query_part(std::string_view text) {
    std::string spaced(text);
    for (char& c : spaced)
        if (c == '+') c = ' ';
    return percent_decode(spaced);
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> out;
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        const std::string_view pair = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        TRY_ASSIGN(std::string name, decode_query_part(pair.substr(0, equals)));
        std::string value;
        if (equals != std::string_view::npos) {
            TRY_ASSIGN(value, decode_query_part(pair.substr(equals + 1)));
        }
        out.emplace_back(std::move(name), std::move(value));
    }
    return out;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low < 0) return Error{ErrorCode::invalid_argument, "invalid URL escape"};
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (out.contains('\0') || !is_utf8(out))
        return Error{ErrorCode::invalid_argument, "the URL is not UTF-8 text"};
    return out;
}

std::string percent_encode(std::string_view text, bool keep_slash) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (unreserved(c) || (keep_slash && c == '/')) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

Result<Target> parse_target(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const std::size_t slash = target.find('/', scheme.size());
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    if (!target.starts_with('/'))
        return Error{ErrorCode::invalid_argument, "the request target must be a path"};
    target = target.substr(0, target.find('#'));
    const std::size_t question = target.find('?');

    Target out;
    out.raw_path = target.substr(0, question);
    TRY_ASSIGN(out.path, percent_decode(out.raw_path));
    if (question != std::string_view::npos) {
        TRY_ASSIGN(out.query, parse_query(target.substr(question + 1)));
    }
    return out;
}

}  // namespace moat::http
