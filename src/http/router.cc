#include "http/router.h"

#include <optional>

#include "base/check.h"
#include "http/url.h"

namespace moat::http {
namespace {

enum class Kind { literal, parameter, rest };

Kind kind_of(std::string_view pattern) {
    if (!pattern.starts_with('{')) return Kind::literal;
    return pattern.ends_with("...}") ? Kind::rest : Kind::parameter;
}

std::string_view name_of(std::string_view pattern) {
    const std::size_t dots = kind_of(pattern) == Kind::rest ? 3 : 0;
    return pattern.substr(1, pattern.size() - 2 - dots);
}

// Is `a` the better pattern of two that match the same path?
bool before(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
        if (kind_of(a[i]) != kind_of(b[i])) return kind_of(a[i]) < kind_of(b[i]);
    return a.size() > b.size();
}

using Params = std::map<std::string, std::string, std::less<>>;

std::optional<Params> match(
    const std::vector<std::string>& pattern, const std::vector<std::string>& path
) {
    Params params;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (i >= path.size()) return std::nullopt;
        if (kind_of(pattern[i]) == Kind::literal) {
            if (pattern[i] != path[i]) return std::nullopt;
            continue;
        }
        std::string raw = path[i];
        const bool rest = kind_of(pattern[i]) == Kind::rest;
        for (std::size_t j = i + 1; rest && j < path.size(); ++j)
            raw += '/' + path[j];
        auto value = percent_decode(raw);
        if (!value || (value->empty() && !rest)) return std::nullopt;
        params.emplace(name_of(pattern[i]), *std::move(value));
        if (rest) return params;
    }
    if (path.size() != pattern.size()) return std::nullopt;
    return params;
}

}  // namespace

Router::Segments Router::split(std::string_view path) {
    Segments out;
    while (!path.empty()) {
        const std::size_t end = path.find('/', 1);
        out.emplace_back(path.substr(1, end == std::string_view::npos ? end : end - 1));
        if (end == std::string_view::npos) break;
        path = path.substr(end);
    }
    return out;
}

void Router::add(Route route) {
    CHECK(route.path.starts_with('/'), route.path);
    CHECK(route.handler != nullptr, route.path);
    for (const Route& other : routes_)
        CHECK(other.method != route.method || other.path != route.path, "twice: ", route.path);
    patterns_.push_back(split(route.path));
    routes_.push_back(std::move(route));
}

void Router::add(std::vector<Route> routes) {
    for (Route& route : routes)
        add(std::move(route));
}

Router::Match Router::find(std::string_view method, std::string_view raw_path) const {
    const Segments path = split(raw_path);
    Match best;
    std::size_t best_index = 0;
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        auto params = match(patterns_[i], path);
        if (!params) continue;
        const Route& route = routes_[i];
        if (!best.allow.contains(route.method)) {
            best.allow += (best.allow.empty() ? "" : ", ") + route.method;
            if (route.method == "GET") best.allow += ", HEAD";
        }
        // A HEAD route of its own wins over the GET one.
        const bool own = route.method == method;
        const bool as_get = method == "HEAD" && route.method == "GET";
        if (!own && !as_get) continue;
        const bool better =
            best.route == nullptr || before(patterns_[i], patterns_[best_index]) ||
            (own && best.route->method != method && patterns_[i] == patterns_[best_index]);
        if (!better) continue;
        best.route = &route;
        best.params = *std::move(params);
        best_index = i;
    }
    return best;
}

}  // namespace moat::http
