#include "http/exchange.h"

namespace moat::http {

std::string_view Request::header(std::string_view lower_case_name) const {
    for (const auto& [name, value] : headers)
        if (name == lower_case_name) return value;
    return {};
}

std::optional<std::string> Request::query_value(std::string_view name) const {
    for (const auto& [key, value] : query)
        if (key == name) return value;
    return std::nullopt;
}

std::string Request::param(std::string_view name) const {
    const auto found = params.find(name);
    return found == params.end() ? std::string() : found->second;
}

}  // namespace moat::http
