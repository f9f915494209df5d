#include "models/model_alias.h"

#include "base/json.h"

namespace moat::models {

Result<ModelAlias> parse_alias(ModelName name, std::string_view text) {
    const Error damaged{
        ErrorCode::corrupt, "the file of alias " + name.display() + " is damaged; set it again"
    };
    const auto value = json::read(text);
    if (!value) return damaged;
    ModelAlias out{.name = std::move(name), .steps = {}};
    const json::Array* steps = json::find_array(*value, "steps");
    if (steps == nullptr || steps->empty()) return damaged;
    for (const auto& step : *steps) {
        const auto since = parse_rfc3339(json::string_or(step, "since"));
        std::string target = json::string_or(step, "target");
        if (!since || !parse_model_name(target)) return damaged;
        out.steps.push_back({.target = std::move(target), .since = *since});
    }
    return out;
}

std::string to_json(const ModelAlias& alias) {
    json::Array steps;
    for (const ModelAlias::Step& step : alias.steps)
        steps.push_back(json::Object{{"target", step.target}, {"since", to_rfc3339(step.since)}});
    return json::write(json::Object{{"format", 1}, {"steps", std::move(steps)}});
}

}  // namespace moat::models
