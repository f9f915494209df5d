#include "models/registry/credentials.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/json.h"
#include "models/model_name.h"

namespace moat::models {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

// Docker also writes whole addresses: "https://registry.example/v1/".
std::string host_of(std::string_view key) {
    if (const auto colon = key.find("://"); colon != std::string_view::npos)
        key.remove_prefix(colon + 3);
    return ascii_lower(key.substr(0, key.find('/')));
}

Result<Credential> parse_entry(const std::string& host, const json::Value& entry) {
    const Error wrong{
        ErrorCode::corrupt,
        fmt::format("the credentials of {} are not in the form of Docker's config.json", host)
    };
    if (!entry.is_object()) return wrong;
    Credential out{
        .user = json::string_or(entry, "username"),
        .password = json::string_or(entry, "password"),
        .token = json::string_or(entry, "registrytoken")
    };
    const std::string auth = json::string_or(entry, "auth");
    if (!auth.empty()) {
        const auto bytes = from_base64(auth);
        const auto text = bytes ? text_of(*bytes) : std::string_view();
        const auto colon = text.find(':');
        if (colon == std::string_view::npos) return wrong;
        out.user = text.substr(0, colon);
        out.password = text.substr(colon + 1);
    }
    if (out.user.empty() && out.token.empty()) return wrong;
    return out;
}

}  // namespace

Result<Credentials> Credentials::parse(std::string_view json_text) {
    const auto value = json::read(json_text);
    if (!value) return Error{ErrorCode::corrupt, "the file of registry credentials is not JSON"};
    Credentials out;
    const json::Object* auths = json::find_object(*value, "auths");
    if (!auths)
        return Error{ErrorCode::corrupt, "the file of registry credentials lacks \"auths\""};
    for (const auto& [key, entry] : *auths) {
        const std::string host = host_of({key.data(), key.size()});
        TRY_ASSIGN(out.by_host_[host], parse_entry(host, entry));
    }
    return out;
}

Result<Credentials> Credentials::read(const std::filesystem::path& file) {
    const auto text = read_file(file, kMaxFileBytes);
    if (text) return parse(*text);
    if (text.error().code == ErrorCode::not_found) return Credentials();
    return text.error();
}

const Credential* Credentials::find(std::string_view host) const {
    const auto found = by_host_.find(ascii_lower(host));
    return found == by_host_.end() ? nullptr : &found->second;
}

}  // namespace moat::models
