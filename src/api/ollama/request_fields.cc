#include "api/ollama/request_fields.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/ollama/keep_alive.h"
#include "base/bytes.h"

namespace moat::api::ollama {

std::string model_field(GoStruct& in) {
    std::string model;
    std::string name;
    in.read("model", model);
    in.read("name", name);
    return model.empty() ? name : model;
}

Think think_field(GoStruct& in) {
    const json::Value* value = in.find("think");
    if (!value) return {};
    if (value->is_bool()) return {.on = value->get_bool(), .level = {}};
    if (!value->is_string()) {
        in.fail(
            "think must be a boolean or string (\"high\", \"medium\", \"low\", \"max\", true, or "
            "false)"
        );
        return {};
    }
    const std::string level(json::view(value->get_string()));
    constexpr std::string_view kLevels[] = {"low", "medium", "high", "max"};
    if (std::ranges::find(kLevels, level) == std::end(kLevels)) {
        in.fail(fmt::format(
            "invalid think value: {:?} (must be \"high\", \"medium\", \"low\", \"max\", true, or "
            "false)",
            level
        ));
        return {};
    }
    return {.on = true, .level = level};
}

int logprobs_field(GoStruct& in) {
    bool wanted = false;
    int alternatives = 0;
    in.read("logprobs", wanted);
    in.read("top_logprobs", alternatives);
    if (alternatives < 0 || alternatives > 20) in.fail("top_logprobs must be between 0 and 20");
    return wanted ? alternatives : -1;
}

std::optional<inference::KeepAlive> keep_alive_field(GoStruct& in) {
    const json::Value* value = in.find("keep_alive");
    if (!value) return std::nullopt;
    const auto read = read_keep_alive(*value);
    if (read) return *read;
    in.fail(read.error().message);
    return std::nullopt;
}

json::Value options_field(GoStruct& in) {
    json::Object options;
    in.read("options", options);
    return options.empty() ? json::Value() : json::Value(std::move(options));
}

json::Value any_field(const GoStruct& in, std::string_view key) {
    const json::Value* value = in.find(key);
    return value ? *value : json::Value();
}

std::vector<std::string> images_field(GoStruct& in) {
    std::vector<std::string> texts;
    in.read("images", texts);
    std::vector<std::string> out;
    for (const std::string& text : texts) {
        const auto bytes = from_base64(text);
        if (!bytes) {
            in.fail("illegal base64 data in images: " + bytes.error().message);
            break;
        }
        out.emplace_back(text_of(*bytes));
    }
    return out;
}

}  // namespace moat::api::ollama
