#include "models/model_name.h"

#include <algorithm>

namespace moat::models {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool is_part(std::string_view text, std::size_t max_length, std::string_view also) {
    if (text.empty() || text.size() > max_length) return false;
    if (!is_alphanumeric(text.front()) && text.front() != '_') return false;
    return std::ranges::all_of(text, [also](char c) {
        return is_alphanumeric(c) || also.find(c) != std::string_view::npos;
    });
}

// Cuts what follows the last '/' off `text`; all of it when there is none.
std::string_view take_last_part(std::string_view& text) {
    const auto slash = text.rfind('/');
    if (slash == std::string_view::npos) return std::exchange(text, {});
    const auto part = text.substr(slash + 1);
    text = text.substr(0, slash);
    return part;
}

bool is_valid(const ModelName& name) {
    return is_part(name.host, 350, ".:-_") && is_part(name.name_space, 80, "-_") &&
           is_part(name.model, 80, ".-_") && is_part(name.tag, 80, ".-_");
}

bool ends_without_case(std::string_view text, std::string_view end) {
    return text.size() > end.size() &&
           equal_without_case(text.substr(text.size() - end.size()), end);
}

}  // namespace

std::string ascii_lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

bool equal_without_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool same_model(const ModelName& a, const ModelName& b) {
    return equal_without_case(a.host, b.host) && equal_without_case(a.name_space, b.name_space) &&
           equal_without_case(a.model, b.model) && equal_without_case(a.tag, b.tag);
}

std::string ModelName::display() const {
    std::string last = model + ":" + tag;
    if (!equal_without_case(host, kDefaultHost)) return host + "/" + name_space + "/" + last;
    if (!equal_without_case(name_space, kDefaultNamespace)) return name_space + "/" + last;
    return last;
}

std::filesystem::path ModelName::manifest_path() const {
    return std::filesystem::path(host) / name_space / model / tag;
}

Result<ModelName> parse_model_name(std::string_view text) {
    if (const auto scheme = text.find("://"); scheme != std::string_view::npos)
        text = text.substr(scheme + 3);

    const bool has_parents = text.contains('/');
    std::string_view model = take_last_part(text);
    std::string_view tag = kDefaultTag;
    if (const auto colon = model.rfind(':'); colon != std::string_view::npos) {
        tag = model.substr(colon + 1);
        model = model.substr(0, colon);
    }
    std::string_view name_space = kDefaultNamespace;
    std::string_view host = kDefaultHost;
    if (has_parents) {
        const bool has_host = text.contains('/');
        name_space = take_last_part(text);
        if (has_host) host = text;
    }

    ModelName name{
        .host = std::string(host),
        .name_space = std::string(name_space),
        .model = std::string(model),
        .tag = std::string(tag)
    };
    if (!is_valid(name)) return Error{ErrorCode::invalid_argument, "invalid model name"};
    return name;
}

Result<ModelOrigin> model_origin(std::string_view text) {
    if (ends_without_case(text, ":local:cloud") || ends_without_case(text, ":cloud:local"))
        return Error{ErrorCode::invalid_argument, "use either :local or :cloud, not both"};
    constexpr std::string_view kLocal = ":local";
    ModelOrigin out{.name = text};
    out.local = ends_without_case(text, kLocal);
    if (out.local) out.name.remove_suffix(kLocal.size());
    const auto tag = out.name.rfind(':');
    out.cloud =
        ends_without_case(out.name, ":cloud") ||
        (tag != std::string_view::npos && ends_without_case(out.name.substr(tag), "-cloud"));
    return out;
}

}  // namespace moat::models
