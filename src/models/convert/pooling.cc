#include "models/convert/pooling.h"

#include <optional>

#include <fmt/format.h>

namespace moat::models {
namespace {

// By GGUF's numbers.
constexpr std::uint32_t kMean = 1;
constexpr std::uint32_t kRank = 4;

struct Way {
    std::string_view flag;  // of older files
    std::string_view name;  // of newer ones
    std::uint32_t id;
};

constexpr Way kWays[] = {
    {"pooling_mode_mean_tokens", "mean", kMean},
    {"pooling_mode_cls_token", "cls", 2},
    {"pooling_mode_lasttoken", "lasttoken", 3},
};

Result<std::uint32_t> way_of(const json::Value& config) {
    for (const Way& way : kWays)
        if (json::bool_or(config, way.flag, false)) return way.id;
    const std::string name = json::string_or(config, "pooling_mode");
    for (const Way& way : kWays)
        if (name == way.name) return way.id;
    return Error{
        ErrorCode::unsupported,
        "the model pools its tokens' vectors in another way than by mean, first or last"
    };
}

// The folder of the module that pools. Errors: unsupported when more is done to its result.
Result<std::optional<std::string>> pooling_folder(const json::Value& modules) {
    std::optional<std::string> out;
    if (!modules.is_array()) return out;
    for (const json::Value& module : modules.get_array()) {
        const std::string type = json::string_or(module, "type");
        if (type.ends_with("Pooling")) {
            out = json::string_or(module, "path");
        } else if (out && !type.ends_with("Normalize")) {
            return Error{
                ErrorCode::unsupported,
                fmt::format(
                    "modules.json: a model with a module {} after pooling cannot be converted",
                    to_valid_utf8(utf8_prefix(type, 100))
                )
            };
        }
    }
    return out;
}

}  // namespace

Status write_pooling(const ModelFolder& folder, const Family& family, GgufHead& head) {
    const std::string key = fmt::format("{}.pooling_type", family.architecture);
    if (family.ranks) {
        head.u32(key, kRank);
        return Ok{};
    }
    TRY_ASSIGN(const auto modules, folder.json("modules.json"));
    TRY_ASSIGN(const auto path, pooling_folder(modules.value_or(json::Value())));
    if (!path) {
        if (family.encoder) head.u32(key, kMean);
        return Ok{};
    }
    const std::string name = *path + "/config.json";
    TRY_ASSIGN(const auto config, folder.json(name));
    if (!config) {
        return Error{
            ErrorCode::not_found,
            fmt::format("{} is missing, which modules.json names", to_valid_utf8(name))
        };
    }
    TRY_ASSIGN(const auto way, way_of(*config));
    head.u32(key, way);
    return Ok{};
}

}  // namespace moat::models
