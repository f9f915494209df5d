#include "models/convert/tensor_plan.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "models/convert/rotation.h"

namespace moat::models {
namespace {

constexpr std::uint32_t kMostLayers = 4096;
constexpr std::size_t kMostDimensions = 2;
constexpr std::uint64_t kMostRowBytes = std::uint64_t{1} << 26;

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// Tables that are computed anew at run time.
bool is_derived(std::string_view name) {
    return name.ends_with(".rotary_emb.inv_freq") || name.ends_with(".attention.masked_bias") ||
           name.ends_with(".attention.bias");
}

class Planner {
  public:
    Planner(const Family& family, const PublishedConfig& config, OutputType type)
        : family_(family), config_(config), type_(type) {}

    Result<std::vector<PlannedTensor>> plan(const WeightFiles& weights);

  private:
    // Nothing for a tensor that llama.cpp has no use for.
    Result<std::optional<std::string>> name_of(const std::string& plain) const;
    Result<PlannedTensor> planned(std::string name, const WeightFiles::Tensor& source) const;
    Status interleave(PlannedTensor& tensor, const std::string& theirs) const;
    Status check_complete(const std::vector<PlannedTensor>& tensors) const;
    Status add_divisors(std::vector<PlannedTensor>& tensors) const;

    const Family& family_;
    const PublishedConfig& config_;
    const OutputType type_;
    std::uint32_t layers_ = 0;
};

// "norm.weight" into "norm" and ".weight".
std::pair<std::string_view, std::string_view> split_suffix(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return {name, ""};
    return {name.substr(0, dot), name.substr(dot)};
}

Result<std::vector<PlannedTensor>> Planner::plan(const WeightFiles& weights) {
    TRY_ASSIGN(layers_, config_.count("num_hidden_layers"));
    if (layers_ > kMostLayers) return wrong("config.json: too many num_hidden_layers");
    std::vector<PlannedTensor> out;
    TRY(add_divisors(out));
    std::set<std::string> names;
    for (const WeightFiles::Tensor& source : weights.tensors()) {
        const std::string plain = plain_tensor_name(source.head.name);
        TRY_ASSIGN(auto name, name_of(plain));
        if (!name) continue;
        if (!names.insert(*name).second)
            return wrong(fmt::format("tensor {} comes twice", to_valid_utf8(plain)));
        TRY_ASSIGN(auto tensor, planned(std::move(*name), source));
        TRY(interleave(tensor, plain));
        out.push_back(std::move(tensor));
    }
    TRY(check_complete(out));
    return out;
}

Result<std::optional<std::string>> Planner::name_of(const std::string& plain) const {
    const auto begins = [&plain](std::string_view start) { return plain.starts_with(start); };
    if (is_derived(plain) || std::ranges::any_of(family_.ignored, begins))
        return std::optional<std::string>();
    const auto [stem, suffix] = split_suffix(plain);
    const bool tied = family_.always_tied || config_.flag_or("tie_word_embeddings", false);
    if (stem == "lm_head" && tied) return std::optional<std::string>();
    const auto name = our_name(family_, stem);
    const bool known = name && (!name->layer || *name->layer < layers_);
    if (known && (suffix == ".weight" || suffix == ".bias"))
        return std::optional(name->stem + std::string(suffix));
    return wrong(fmt::format(
        "tensor {} is none that a model of architecture {} with {} layers has",
        to_valid_utf8(plain),
        config_.architecture(),
        layers_
    ));
}

bool stays_f32(const PlannedTensor& tensor) {
    return tensor.shape.size() <= 1 || !tensor.name.ends_with(".weight") ||
           tensor.name.ends_with("_norm.weight") || tensor.name == "position_embd.weight" ||
           tensor.name == "token_types.weight";
}

Result<PlannedTensor> Planner::planned(std::string name, const WeightFiles::Tensor& source) const {
    const SafeTensor& head = source.head;
    const std::string shown = to_valid_utf8(head.name);
    if (head.type == WeightType::other) {
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "tensor {} is stored as {}: only models with F32, F16 or BF16 weights can be "
                "converted, not quantized ones",
                shown,
                head.type_name
            )
        };
    }
    if (head.shape.empty() || head.shape.size() > kMostDimensions || head.values() == 0)
        return wrong(fmt::format("tensor {} is neither a vector nor a matrix", shown));
    if (head.shape.back() > kMostRowBytes / sizeof(float))
        return wrong(fmt::format("tensor {} has rows longer than any model's", shown));
    PlannedTensor out;
    out.name = std::move(name);
    out.shape.assign(head.shape.rbegin(), head.shape.rend());
    out.source = &source;
    out.type = stays_f32(out) ? OutputType::f32 : type_;
    if (family_.positions_follow_padding && out.name == "position_embd.weight") {
        TRY_ASSIGN(const auto skipped, skipped_positions(config_));
        if (out.shape.back() <= skipped)
            return wrong(fmt::format("tensor {} has fewer rows than config.json says", shown));
        out.skipped_rows = skipped;
        out.shape.back() -= skipped;
    }
    if (out.name == "cls.output.weight" && out.shape.back() != 1)
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "tensor {} tells {} classes apart: only models that give one score can be "
                "converted, rerankers",
                shown,
                out.shape.back()
            )
        };
    if (family_.norms_lack_one && out.name.ends_with("norm.weight")) out.added = 1;
    return out;
}

Status Planner::interleave(PlannedTensor& tensor, const std::string& theirs) const {
    if (!family_.rotates_neighbours) return Ok{};
    const bool queries = theirs.contains(".q_proj.");
    if (!queries && !theirs.contains(".k_proj.")) return Ok{};
    TRY_ASSIGN(auto heads, config_.count("num_attention_heads"));
    if (!queries) {
        TRY_ASSIGN(heads, config_.count_or("num_key_value_heads", heads));
    }
    const std::uint64_t rows = tensor.shape.back();
    if (rows % heads != 0 || rows / heads % 2 != 0) {
        return wrong(fmt::format(
            "tensor {} has {} rows, which is no even number for each of {} heads",
            to_valid_utf8(theirs),
            rows,
            heads
        ));
    }
    tensor.interleaved_heads = heads;
    return Ok{};
}

Status Planner::add_divisors(std::vector<PlannedTensor>& tensors) const {
    if (family_.encoder) return Ok{};
    TRY_ASSIGN(auto divisors, rotation_divisors(config_));
    if (divisors.empty()) return Ok{};
    PlannedTensor tensor;
    tensor.name = "rope_freqs.weight";
    tensor.shape = {divisors.size()};
    tensor.constants = std::move(divisors);
    tensors.push_back(std::move(tensor));
    return Ok{};
}

Status Planner::check_complete(const std::vector<PlannedTensor>& tensors) const {
    std::set<std::string_view> names;
    for (const PlannedTensor& tensor : tensors)
        names.insert(tensor.name);
    const auto missing = [](const std::string& theirs) {
        return wrong(fmt::format("tensor {}.weight is missing: the model is not complete", theirs));
    };
    for (const TensorName& name : family_.outer)
        if (name.required && !names.contains(fmt::format("{}.weight", name.ours)))
            return missing(std::string(name.theirs));
    for (std::uint32_t i = 0; i < layers_; ++i)
        for (const TensorName& name : family_.layer)
            if (name.required && !names.contains(fmt::format("blk.{}.{}.weight", i, name.ours)))
                return missing(fmt::format("{}{}.{}", family_.layers, i, name.theirs));
    return Ok{};
}

}  // namespace

std::uint64_t bytes_per_value(OutputType type) {
    return type == OutputType::f32 ? 4 : 2;
}

std::uint64_t PlannedTensor::values() const {
    return std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>());
}

Result<std::vector<PlannedTensor>> plan_tensors(
    const Family& family, const PublishedConfig& config, const WeightFiles& weights, OutputType type
) {
    return Planner(family, config, type).plan(weights);
}

}  // namespace moat::models
