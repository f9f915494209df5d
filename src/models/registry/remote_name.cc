#include "models/registry/remote_name.h"

namespace moat::models {

Result<RemoteName> parse_remote_name(std::string_view text, bool insecure) {
    TRY_ASSIGN(ModelName name, parse_model_name(text));
    const auto colon = text.find("://");
    const bool has_scheme = colon != std::string_view::npos;
    std::string scheme = has_scheme ? ascii_lower(text.substr(0, colon)) : "https";
    if (scheme != "http" && scheme != "https")
        return Error{ErrorCode::invalid_argument, "invalid model name"};
    if (scheme == "http" && !insecure) return Error{ErrorCode::forbidden, "insecure protocol http"};
    return RemoteName{.scheme = std::move(scheme), .name = std::move(name)};
}

}  // namespace moat::models
