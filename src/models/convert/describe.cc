#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "models/convert/family.h"
#include "models/convert/rotation.h"

// The numbers of each architecture. Where config.json leaves one out, it is what the class of that
// name in the transformers library has for it.
namespace moat::models {
namespace {

struct DecoderDefaults {
    std::optional<std::uint32_t> context;
    std::optional<std::uint32_t> heads;
    std::optional<std::uint32_t> heads_kv;  // none: as many as heads
    std::optional<std::uint32_t> head_width;
    float rotation_base = 10000;
};

// What all decoders have.
class Describer {
  public:
    Describer(const PublishedConfig& config, std::string_view architecture, GgufHead& head)
        : config_(config), architecture_(architecture), head_(head) {}

    Status decoder(const DecoderDefaults& defaults) const {
        TRY(count("context_length", "max_position_embeddings", defaults.context));
        TRY(count("embedding_length", "hidden_size"));
        TRY(count("block_count", "num_hidden_layers"));
        TRY(count("feed_forward_length", "intermediate_size"));
        TRY_ASSIGN(const auto heads, value("num_attention_heads", defaults.heads));
        head_.u32(key("attention.head_count"), heads);
        TRY(count(
            "attention.head_count_kv", "num_key_value_heads", defaults.heads_kv.value_or(heads)
        ));
        TRY_ASSIGN(const float epsilon, config_.number_or("rms_norm_eps", 1e-6F));
        head_.f32(key("attention.layer_norm_rms_epsilon"), epsilon);
        TRY_ASSIGN(auto width, config_.optional_count("head_dim"));
        if (!width) width = defaults.head_width;
        if (width) {
            head_.u32(key("attention.key_length"), *width);
            head_.u32(key("attention.value_length"), *width);
        }
        return describe_rotation(config_, architecture_, defaults.rotation_base, head_);
    }

    Status count(
        std::string_view ours,
        std::string_view theirs,
        std::optional<std::uint32_t> fallback = std::nullopt
    ) const {
        TRY_ASSIGN(const auto number, value(theirs, fallback));
        head_.u32(key(ours), number);
        return Ok{};
    }

    // Layers alternate between seeing a window and seeing everything: of each `period` of them the
    // last sees everything, unless layer_types says otherwise.
    Status windows(std::uint32_t default_window, std::uint32_t default_period) const {
        TRY(count("attention.sliding_window", "sliding_window", default_window));
        TRY_ASSIGN(const auto period, config_.count_or("sliding_window_pattern", default_period));
        TRY_ASSIGN(const auto layers, config_.count("num_hidden_layers"));
        std::vector<bool> slides;
        const auto* types = json::find_array(config_.values(), "layer_types");
        if (types && types->size() != layers) {
            return Error{
                ErrorCode::invalid_argument,
                "config.json: layer_types does not have one for each of the layers"
            };
        }
        if (layers > kMostLayers)
            return Error{ErrorCode::invalid_argument, "config.json: too many num_hidden_layers"};
        for (std::uint32_t i = 0; i < layers; ++i) {
            const bool by_period = (i + 1) % period != 0;
            slides.push_back(types ? (*types)[i] == "sliding_attention" : by_period);
        }
        bool usual = true;
        for (std::uint32_t i = 0; i < layers; ++i)
            usual = usual && slides[i] == ((i + 1) % default_period != 0);
        if (!usual) head_.flags(key("attention.sliding_window_pattern"), slides);
        return Ok{};
    }

    // llama.cpp divides scores by the root of the head's width, except in the one published model
    // of each generation that it knows by its number of layers.
    Status check_score_scale(std::uint32_t large_layers) const {
        TRY_ASSIGN(const auto scale, config_.optional_number("query_pre_attn_scalar"));
        TRY_ASSIGN(const auto layers, config_.count("num_hidden_layers"));
        TRY_ASSIGN(const auto width, config_.count_or("head_dim", 256));
        if (!scale || layers == large_layers || *scale == static_cast<float>(width)) return Ok{};
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "config.json: query_pre_attn_scalar {} with head_dim {} cannot be run: they must "
                "be "
                "the same",
                *scale,
                width
            )
        };
    }

    std::string key(std::string_view name) const {
        return fmt::format("{}.{}", architecture_, name);
    }

  private:
    static constexpr std::uint32_t kMostLayers = 4096;

    Result<std::uint32_t> value(std::string_view name, std::optional<std::uint32_t> fallback)
        const {
        return fallback ? config_.count_or(name, *fallback) : config_.count(name);
    }

    const PublishedConfig& config_;
    std::string_view architecture_;
    GgufHead& head_;
};

constexpr std::uint32_t kGemmaHeadWidth = 256;

// All of an encoder but how long a text may be.
Status describe_encoder(
    const PublishedConfig& config, std::string_view architecture, GgufHead& head
) {
    const Describer describer(config, architecture, head);
    TRY(describer.count("embedding_length", "hidden_size"));
    TRY(describer.count("block_count", "num_hidden_layers"));
    TRY(describer.count("feed_forward_length", "intermediate_size"));
    TRY(describer.count("attention.head_count", "num_attention_heads"));
    TRY_ASSIGN(const float epsilon, config.number_or("layer_norm_eps", 1e-12F));
    head.f32(describer.key("attention.layer_norm_epsilon"), epsilon);
    head.flag(describer.key("attention.causal"), false);
    TRY_ASSIGN(const auto types, config.count_or("type_vocab_size", 2));
    head.u32("tokenizer.ggml.token_type_count", types);
    const std::string positions = config.text_or("position_embedding_type", "absolute");
    if (positions == "absolute") return Ok{};
    return Error{
        ErrorCode::unsupported,
        fmt::format(
            "config.json: position_embedding_type \"{}\" cannot be run; only \"absolute\" can",
            to_valid_utf8(positions.substr(0, 40))
        )
    };
}

}  // namespace

Status describe_llama(
    const PublishedConfig& config, std::string_view architecture, GgufHead& head
) {
    TRY(Describer(config, architecture, head).decoder({}));
    TRY_ASSIGN(const auto width, head_width(config));
    head.u32(fmt::format("{}.rope.dimension_count", architecture), width);
    return Ok{};
}

Status describe_qwen(const PublishedConfig& config, std::string_view architecture, GgufHead& head) {
    // Qwen3's heads are 128 wide whatever its layers are.
    const bool third = architecture == "qwen3";
    DecoderDefaults defaults;
    if (third) defaults.head_width = 128;
    return Describer(config, architecture, head).decoder(defaults);
}

Status describe_gemma(
    const PublishedConfig& config, std::string_view architecture, GgufHead& head
) {
    return Describer(config, architecture, head).decoder({.head_width = kGemmaHeadWidth});
}

Status describe_gemma2(
    const PublishedConfig& config, std::string_view architecture, GgufHead& head
) {
    const Describer describer(config, architecture, head);
    TRY(describer.decoder({.head_width = kGemmaHeadWidth}));
    TRY(describer.check_score_scale(46));
    TRY(describer.windows(4096, 2));
    struct Cap {
        std::string_view name;
        float usual;
    };
    for (const auto& [name, usual] :
         {Cap{"attn_logit_softcapping", 50}, Cap{"final_logit_softcapping", 30}}) {
        const json::Value* given = json::find(config.values(), name);
        if (given && given->is_null()) {
            return Error{
                ErrorCode::unsupported,
                fmt::format("config.json: a Gemma 2 without {} cannot be run", name)
            };
        }
        TRY_ASSIGN(const float cap, config.number_or(name, usual));
        head.f32(describer.key(name), cap);
    }
    return Ok{};
}

Status describe_gemma3(
    const PublishedConfig& config, std::string_view architecture, GgufHead& head
) {
    const Describer describer(config, architecture, head);
    TRY(describer.decoder(
        {.context = 131072,
         .heads = 8,
         .heads_kv = 4,
         .head_width = kGemmaHeadWidth,
         .rotation_base = 1e6F}
    ));
    TRY(describer.check_score_scale(62));
    TRY(describer.windows(4096, 6));
    TRY_ASSIGN(const auto scores, config.optional_number("attn_logit_softcapping"));
    if (scores) {
        return Error{
            ErrorCode::unsupported,
            "config.json: a Gemma 3 with attn_logit_softcapping cannot be run"
        };
    }
    TRY_ASSIGN(const auto last, config.optional_number("final_logit_softcapping"));
    if (last) head.f32(describer.key("final_logit_softcapping"), *last);
    // The layers that see a window turn at a rate of their own.
    TRY_ASSIGN(float base, config.number_or("rope_local_base_freq", 10000));
    if (const auto* rope = json::find_object(config.values(), "rope_parameters")) {
        if (const auto* window = rope->if_contains("sliding_attention")) {
            TRY_ASSIGN(base, config.part(*window).number_or("rope_theta", base));
        }
    }
    head.f32(describer.key("rope.freq_base_swa"), base);
    return Ok{};
}

Result<std::uint32_t> skipped_positions(const PublishedConfig& config) {
    TRY_ASSIGN(const auto padding, config.count_or("pad_token_id", 1));
    TRY_ASSIGN(const auto positions, config.count("max_position_embeddings"));
    if (padding + 1 < positions) return padding + 1;
    return Error{
        ErrorCode::invalid_argument,
        "config.json: max_position_embeddings leaves no position after pad_token_id"
    };
}

Status describe_xlm_roberta(
    const PublishedConfig& config, std::string_view architecture, GgufHead& head
) {
    TRY_ASSIGN(const auto positions, config.count("max_position_embeddings"));
    TRY_ASSIGN(const auto skipped, skipped_positions(config));
    head.u32(fmt::format("{}.context_length", architecture), positions - skipped);
    return describe_encoder(config, architecture, head);
}

Status describe_bert(const PublishedConfig& config, std::string_view architecture, GgufHead& head) {
    TRY(Describer(config, architecture, head).count("context_length", "max_position_embeddings"));
    return describe_encoder(config, architecture, head);
}

}  // namespace moat::models
