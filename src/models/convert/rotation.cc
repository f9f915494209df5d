#include "models/convert/rotation.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace moat::models {
namespace {

// The part that says how: of all layers, or of those that see the whole text.
json::Value parameters(const PublishedConfig& config) {
    for (const std::string_view key : {"rope_parameters", "rope_scaling"}) {
        const json::Value* part = json::find(config.values(), key);
        if (!part || !part->is_object()) continue;
        const json::Value* full = json::find(*part, "full_attention");
        return full && full->is_object() ? *full : *part;
    }
    return json::Object();
}

// "linear", "yarn", "llama3"; empty when nothing is stretched.
std::string kind_of(const PublishedConfig& rope) {
    std::string kind = rope.text_or("rope_type", rope.text_or("type", ""));
    return kind == "default" ? "" : kind;
}

Status describe_yarn(
    const PublishedConfig& config,
    const PublishedConfig& rope,
    const std::string& prefix,
    GgufHead& head
) {
    TRY_ASSIGN(const auto longest, config.count("max_position_embeddings"));
    TRY_ASSIGN(const auto original, rope.count_or("original_max_position_embeddings", longest));
    head.u32(prefix + "original_context_length", original);
    struct Name {
        std::string_view theirs;
        std::string_view ours;
    };
    for (const auto& [theirs, ours] : {
             Name{"extrapolation_factor", "yarn_ext_factor"},
             Name{"attention_factor", "yarn_attn_factor"},
             Name{"beta_fast", "yarn_beta_fast"},
             Name{"beta_slow", "yarn_beta_slow"},
         }) {
        TRY_ASSIGN(const auto value, rope.optional_number(theirs));
        if (value) head.f32(prefix + std::string(ours), *value);
    }
    return Ok{};
}

}  // namespace

Result<std::uint32_t> head_width(const PublishedConfig& config) {
    TRY_ASSIGN(const auto given, config.optional_count("head_dim"));
    if (given) return *given;
    TRY_ASSIGN(const auto width, config.count("hidden_size"));
    TRY_ASSIGN(const auto heads, config.count("num_attention_heads"));
    if (width % heads != 0) {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("config.json: hidden_size {} is not a multiple of {} heads", width, heads)
        };
    }
    return width / heads;
}

Status describe_rotation(
    const PublishedConfig& config, std::string_view architecture, float default_base, GgufHead& head
) {
    const PublishedConfig rope = config.part(parameters(config));
    TRY_ASSIGN(const float outer_base, config.number_or("rope_theta", default_base));
    TRY_ASSIGN(const float base, rope.number_or("rope_theta", outer_base));
    head.f32(fmt::format("{}.rope.freq_base", architecture), base);

    const std::string kind = kind_of(rope);
    if (kind.empty() || kind == "llama3") return Ok{};
    if (kind != "linear" && kind != "yarn") {
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "config.json: rope scaling \"{}\" cannot be converted; linear, yarn and llama3 can",
                to_valid_utf8(kind.substr(0, 40))
            )
        };
    }
    const std::string prefix = fmt::format("{}.rope.scaling.", architecture);
    head.text(prefix + "type", kind);
    TRY_ASSIGN(const auto factor, rope.optional_number("factor"));
    if (!factor)
        return Error{ErrorCode::invalid_argument, "config.json: rope scaling has no factor"};
    head.f32(prefix + "factor", *factor);
    return kind == "yarn" ? describe_yarn(config, rope, prefix, head) : Status(Ok{});
}

Result<std::vector<float>> rotation_divisors(const PublishedConfig& config) {
    const PublishedConfig rope = config.part(parameters(config));
    std::vector<float> out;
    if (kind_of(rope) != "llama3") return out;
    TRY_ASSIGN(const float outer_base, config.number_or("rope_theta", 10000));
    TRY_ASSIGN(const float base, rope.number_or("rope_theta", outer_base));
    TRY_ASSIGN(const float factor, rope.number_or("factor", 8));
    TRY_ASSIGN(const float low, rope.number_or("low_freq_factor", 1));
    TRY_ASSIGN(const float high, rope.number_or("high_freq_factor", 4));
    TRY_ASSIGN(const auto original, rope.count_or("original_max_position_embeddings", 8192));
    TRY_ASSIGN(const auto width, head_width(config));
    if (factor <= 0 || low <= 0 || high <= low || base <= 0) {
        return Error{
            ErrorCode::invalid_argument, "config.json: the numbers of rope scaling make no sense"
        };
    }
    // Slow rotations are stretched whole, fast ones not at all, those between in part.
    for (std::uint32_t i = 0; i < width; i += 2) {
        const double length =
            2 * std::numbers::pi * std::pow(double{base}, static_cast<double>(i) / width);
        const double turns = original / length;
        if (turns > high) {
            out.push_back(1);
        } else if (turns < low) {
            out.push_back(factor);
        } else {
            const double share = (turns - low) / (double{high} - low);
            out.push_back(static_cast<float>(1 / ((1 - share) / factor + share)));
        }
    }
    return out;
}

}  // namespace moat::models
