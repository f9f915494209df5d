#include "models/registry/challenge.h"

#include "models/model_name.h"

namespace moat::models {
namespace {

constexpr std::size_t kMaxLength = 8192;

Error damaged() {
    return Error{ErrorCode::corrupt, "the registry's WWW-Authenticate header is not well-formed"};
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Cuts one value off `text`: a quoted string with its escapes, or all up to the next comma.
Result<std::string> take_value(std::string_view& text) {
    std::string out;
    if (!text.starts_with('"')) {
        const auto end = std::min(text.find(','), text.size());
        out = trim(text.substr(0, end));
        text.remove_prefix(end);
        return out;
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return out;
        }
        if (text[i] == '\\' && ++i == text.size()) break;
        out += text[i];
    }
    return damaged();
}

}  // namespace

Result<Challenge> parse_challenge(std::string_view header) {
    if (header.size() > kMaxLength) return damaged();
    header = trim(header);
    const auto space = std::min(header.find(' '), header.size());
    const std::string scheme = ascii_lower(header.substr(0, space));
    std::string_view rest = trim(header.substr(space));
    Challenge out;
    if (scheme == "basic")
        out.kind = Challenge::Kind::basic;
    else if (scheme != "bearer")
        return Error{
            ErrorCode::unsupported, "the registry asks for an unknown kind of credentials"
        };
    while (!rest.empty()) {
        const auto equals = rest.find('=');
        if (equals == std::string_view::npos) return damaged();
        const std::string name = ascii_lower(trim(rest.substr(0, equals)));
        rest = trim(rest.substr(equals + 1));
        TRY_ASSIGN(std::string value, take_value(rest));
        if (name == "realm")
            out.realm = std::move(value);
        else if (name == "service")
            out.service = std::move(value);
        else if (name == "scope")
            out.scope = std::move(value);
        rest = trim(rest);
        if (rest.empty()) break;
        if (!rest.starts_with(',')) return damaged();
        rest = trim(rest.substr(1));
    }
    if (out.kind == Challenge::Kind::bearer && out.realm.empty()) return damaged();
    return out;
}

}  // namespace moat::models
