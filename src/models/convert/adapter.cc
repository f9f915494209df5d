#include "models/convert/adapter.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "models/convert/family.h"

namespace moat::models {
namespace {

constexpr std::string_view kConfig = "adapter_config.json";
constexpr std::string_view kWeights = "adapter_model.safetensors";

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

Error unsupported(std::string message) {
    return Error{ErrorCode::unsupported, std::move(message)};
}

// One of the two matrices beside a matrix of the model.
struct Half {
    std::string ours;  // "blk.0.attn_q.weight"
    bool is_b = false;
};

std::uint32_t count_of(const GgufFile& file, const std::string& key) {
    const std::int64_t count = file.int_or(key, 0);
    return count > 0 && count < 1 << 20 ? static_cast<std::uint32_t>(count) : 0;
}

bool is_set(const json::Value* value) {
    if (value == nullptr || value->is_null()) return false;
    if (value->is_bool()) return value->get_bool();
    if (value->is_array()) return !value->get_array().empty();
    if (value->is_object()) return !value->get_object().empty();
    return true;
}

class AdapterConverter {
  public:
    AdapterConverter(const ModelFolder& folder, const AdapterBase& base)
        : folder_(folder), base_(base), family_(family_of(base.architecture)) {}

    Result<ConvertedModel> run(const ConvertRequest& request, const std::stop_token& stop) {
        if (family_ == nullptr)
            return unsupported(fmt::format(
                "adapters in safetensors for models of architecture {} cannot be converted; give "
                "the adapter in GGUF format",
                to_valid_utf8(base_.architecture)
            ));
        TRY(read_config());
        if (!folder_.find(kWeights)) return missing(kWeights);
        TRY_ASSIGN(const auto weights, WeightFiles::open(folder_, {std::string(kWeights)}));
        TRY_ASSIGN(const auto tensors, plan(weights));
        TRY_ASSIGN(const float alpha, scaled_alpha());
        GgufHead head;
        head.text("general.architecture", base_.architecture);
        head.text("general.type", "adapter");
        if (!request.name.empty()) head.text("general.name", request.name);
        head.u32("general.file_type", 0);
        head.text("adapter.type", "lora");
        head.f32("adapter.lora.alpha", alpha);
        for (const PlannedTensor& tensor : tensors)
            head.tensor(
                tensor.name, tensor.shape, static_cast<std::uint32_t>(tensor.type), tensor.bytes()
            );
        return write_model(request, head, tensors, weights, stop);
    }

  private:
    static Error missing(std::string_view name) {
        return Error{
            ErrorCode::not_found,
            fmt::format(
                "the adapter's {} is missing: ADAPTER names the folder with {} and {}",
                name,
                kConfig,
                kWeights
            )
        };
    }

    // What else PEFT can train is refused, not left out.
    Status read_config() {
        TRY_ASSIGN(const auto config, folder_.json(kConfig));
        if (!config) return missing(kConfig);
        const std::string type = json::string_or(*config, "peft_type", "LORA");
        if (type != "LORA")
            return unsupported(fmt::format(
                "{}: only adapters of type LORA can be converted, not {}",
                kConfig,
                to_valid_utf8(utf8_prefix(type, 40))
            ));
        for (const std::string_view key :
             {"use_dora",
              "modules_to_save",
              "alpha_pattern",
              "fan_in_fan_out",
              "lora_bias",
              "layer_replication"})
            if (is_set(json::find(*config, key)))
                return unsupported(
                    fmt::format("{}: an adapter with {} cannot be converted", kConfig, key)
                );
        alpha_ = json::number_or(*config, "lora_alpha", 0);
        if (!std::isfinite(alpha_) || alpha_ <= 0 || alpha_ > 1e6)
            return wrong(fmt::format("{}: lora_alpha must be a number above 0", kConfig));
        by_root_ = json::bool_or(*config, "use_rslora", false);
        return Ok{};
    }

    // llama.cpp divides by the rank; an adapter trained with rsLoRA means to be divided by its
    // root.
    Result<float> scaled_alpha() const {
        if (!by_root_) return static_cast<float>(alpha_);
        if (ranks_.size() == 1)
            return static_cast<float>(alpha_ * std::sqrt(static_cast<double>(*ranks_.begin())));
        return unsupported(
            fmt::format("{}: use_rslora with several ranks cannot be converted", kConfig)
        );
    }

    Result<std::vector<PlannedTensor>> plan(const WeightFiles& weights) {
        std::vector<PlannedTensor> out;
        std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> ranks;  // of A and B
        for (const WeightFiles::Tensor& source : weights.tensors()) {
            TRY_ASSIGN(const Half half, half_of(source.head));
            TRY_ASSIGN(auto tensor, planned(half, source));
            auto& [a, b] = ranks[half.ours];
            std::uint64_t& rank = half.is_b ? b : a;
            if (rank != 0) return wrong(fmt::format("the adapter has {} twice", tensor.name));
            rank = half.is_b ? tensor.shape.front() : tensor.shape.back();
            out.push_back(std::move(tensor));
        }
        if (out.empty()) return wrong(fmt::format("{} holds no tensors", kWeights));
        for (const auto& [name, both] : ranks) {
            if (both.first != both.second)
                return wrong(fmt::format(
                    "the two matrices of the adapter for {} do not fit each other", name
                ));
            ranks_.insert(both.first);
        }
        return out;
    }

    // "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
    Result<Half> half_of(const SafeTensor& head) const {
        constexpr std::string_view kWrapper = "base_model.model.";
        std::string_view name = head.name;
        if (name.starts_with(kWrapper)) name.remove_prefix(kWrapper.size());
        const bool is_b = name.ends_with(".lora_B.weight");
        if (!is_b && !name.ends_with(".lora_A.weight"))
            return unsupported(fmt::format(
                "the adapter holds {}, which is no LoRA matrix of a layer: such adapters cannot be "
                "converted",
                to_valid_utf8(head.name)
            ));
        name.remove_suffix(std::string_view(".lora_A.weight").size());
        const auto ours = our_name(*family_, plain_tensor_name(std::string(name)));
        if (!ours || ours->stem == "token_embd" || !base_.shapes.contains(ours->stem + ".weight"))
            return wrong(fmt::format(
                "the adapter changes {}, which this {} model does not have or llama.cpp cannot "
                "adapt",
                to_valid_utf8(name),
                base_.architecture
            ));
        return Half{.ours = ours->stem + ".weight", .is_b = is_b};
    }

    Result<PlannedTensor> planned(const Half& half, const WeightFiles::Tensor& source) const {
        const SafeTensor& head = source.head;
        if (head.type == WeightType::other || head.shape.size() != 2 || head.values() == 0)
            return unsupported(fmt::format(
                "the adapter's {} is not a matrix of F32, F16 or BF16 numbers",
                to_valid_utf8(head.name)
            ));
        const auto& whole = base_.shapes.find(half.ours)->second;
        PlannedTensor out;
        out.name = half.ours + (half.is_b ? ".lora_b" : ".lora_a");
        out.shape.assign(head.shape.rbegin(), head.shape.rend());
        out.source = &source;
        const bool fits = whole.size() == 2 && (half.is_b ? out.shape.back() == whole.back()
                                                          : out.shape.front() == whole.front());
        if (!fits)
            return wrong(fmt::format(
                "the adapter is for a model of another size: its {} does not fit {}",
                to_valid_utf8(head.name),
                half.ours
            ));
        if (half.is_b && family_->rotates_neighbours) out.interleaved_heads = heads_of(half.ours);
        if (out.interleaved_heads != 0 && out.shape.back() % (2ULL * out.interleaved_heads) != 0)
            return wrong(fmt::format("{} does not have an even number of rows per head", half.ours)
            );
        return out;
    }

    std::uint32_t heads_of(std::string_view ours) const {
        if (ours.ends_with(".attn_q.weight")) return base_.heads;
        return ours.ends_with(".attn_k.weight") ? base_.heads_kv : 0;
    }

    const ModelFolder& folder_;
    const AdapterBase& base_;
    const Family* family_;
    double alpha_ = 0;
    bool by_root_ = false;
    std::set<std::uint64_t> ranks_;
};

}  // namespace

void AdapterBase::add(const GgufFile& file) {
    if (architecture.empty()) {
        architecture = file.string_or("general.architecture", "");
        heads = count_of(file, architecture + ".attention.head_count");
        heads_kv = count_of(file, architecture + ".attention.head_count_kv");
        if (heads_kv == 0) heads_kv = heads;
    }
    for (const GgufTensor& tensor : file.tensors)
        shapes[tensor.name] = tensor.shape;
}

Result<ConvertedModel> convert_adapter(
    const ModelFolder& folder,
    const AdapterBase& base,
    const ConvertRequest& request,
    const std::stop_token& stop
) {
    return AdapterConverter(folder, base).run(request, stop);
}

}  // namespace moat::models
