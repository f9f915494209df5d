#include "cli/run_request.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace moat::cli {

Result<json::Value> describe_model(Session session, const std::string& model) {
    return session.api.post("/api/show", json::Object{{"model", model}});
}

bool is_capable(const json::Value& shown, std::string_view capability) {
    const auto* list = json::find_array(shown, "capabilities");
    return list != nullptr && std::ranges::any_of(*list, [capability](const json::Value& item) {
               return item.is_string() && json::view(item.get_string()) == capability;
           });
}

json::Value format_of(const std::string& text) {
    if (text.empty()) return nullptr;
    const auto schema = json::read(text);
    return schema && schema->is_object() ? *schema : json::Value(text);
}

Result<json::Value> think_of(const std::string& text) {
    if (text == "true" || text == "false") return json::Value(text == "true");
    constexpr std::array<std::string_view, 4> kLevels = {"low", "medium", "high", "max"};
    if (std::ranges::find(kLevels, text) != kLevels.end()) return json::Value(text);
    return Error{
        ErrorCode::invalid_argument,
        fmt::format(
            "invalid value for --think: \"{}\" (must be true, false, low, medium, high, or max)",
            text
        )
    };
}

Status add_common(json::Object& request, const RunOptions& options, json::Object parameters) {
    request["model"] = options.model;
    if (!options.format.empty()) request["format"] = format_of(options.format);
    if (!options.keep_alive.empty()) request["keep_alive"] = options.keep_alive;
    if (!options.think.empty()) {
        TRY_ASSIGN(request["think"], think_of(options.think));
    }
    if (options.gpu_layers) parameters["num_gpu"] = *options.gpu_layers;
    if (!parameters.empty()) request["options"] = std::move(parameters);
    return Ok{};
}

}  // namespace moat::cli
