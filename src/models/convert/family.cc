#include "models/convert/family.h"

#include <algorithm>

#include <fmt/format.h>

namespace moat::models {
namespace {

constexpr TensorName kDecoderOuter[] = {
    {"embed_tokens", "token_embd"},
    {"norm", "output_norm"},
    {"lm_head", "output", false},
};

constexpr TensorName kPlainLayer[] = {
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"post_attention_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
};

constexpr TensorName kNormedHeadsLayer[] = {
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"post_attention_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
};

// Norms on both sides of each half. Gemma 2 leaves those of the heads out.
constexpr TensorName kGemmaLayer[] = {
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.q_norm", "attn_q_norm", false},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.k_norm", "attn_k_norm", false},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"post_attention_layernorm", "post_attention_norm"},
    {"pre_feedforward_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"post_feedforward_layernorm", "post_ffw_norm"},
};

constexpr TensorName kBertOuter[] = {
    {"embeddings.word_embeddings", "token_embd"},
    {"embeddings.position_embeddings", "position_embd"},
    {"embeddings.token_type_embeddings", "token_types"},
    {"embeddings.LayerNorm", "token_embd_norm"},
};

constexpr TensorName kBertLayer[] = {
    {"attention.self.query", "attn_q"},
    {"attention.self.key", "attn_k"},
    {"attention.self.value", "attn_v"},
    {"attention.output.dense", "attn_output"},
    {"attention.output.LayerNorm", "attn_output_norm"},
    {"intermediate.dense", "ffn_up"},
    {"output.dense", "ffn_down"},
    {"output.LayerNorm", "layer_output_norm"},
};

// What a model that also sees has for that: only its text is converted.
constexpr std::string_view kDecoderIgnored[] = {"vision_tower.", "multi_modal_projector."};
// Heads for training, and the pooler that sentence embeddings do without.
constexpr std::string_view kBertIgnored[] = {"pooler.", "cls.", "embeddings.position_ids"};

constexpr std::string_view kLlama[] = {
    "LlamaForCausalLM", "LlamaModel", "MistralForCausalLM", "MistralModel"
};
constexpr std::string_view kQwen2[] = {"Qwen2ForCausalLM", "Qwen2Model"};
constexpr std::string_view kQwen3[] = {"Qwen3ForCausalLM", "Qwen3Model"};
constexpr std::string_view kGemma[] = {"GemmaForCausalLM"};
constexpr std::string_view kGemma2[] = {"Gemma2ForCausalLM"};
constexpr std::string_view kGemma3[] = {"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"};
constexpr std::string_view kBert[] = {"BertModel", "BertForMaskedLM"};

constexpr Family kFamilies[] = {
    {.architecture = "llama",
     .classes = kLlama,
     .outer = kDecoderOuter,
     .layers = "layers.",
     .layer = kPlainLayer,
     .ignored = kDecoderIgnored,
     .rotates_neighbours = true,
     .activation = "silu",
     .describe = describe_llama},
    {.architecture = "qwen2",
     .classes = kQwen2,
     .outer = kDecoderOuter,
     .layers = "layers.",
     .layer = kPlainLayer,
     .ignored = kDecoderIgnored,
     .activation = "silu",
     .describe = describe_qwen},
    {.architecture = "qwen3",
     .classes = kQwen3,
     .outer = kDecoderOuter,
     .layers = "layers.",
     .layer = kNormedHeadsLayer,
     .ignored = kDecoderIgnored,
     .activation = "silu",
     .describe = describe_qwen},
    {.architecture = "gemma",
     .classes = kGemma,
     .outer = kDecoderOuter,
     .layers = "layers.",
     .layer = kPlainLayer,
     .ignored = kDecoderIgnored,
     .norms_lack_one = true,
     .always_tied = true,
     .activation = "gelu",
     .describe = describe_gemma},
    {.architecture = "gemma2",
     .classes = kGemma2,
     .outer = kDecoderOuter,
     .layers = "layers.",
     .layer = kGemmaLayer,
     .ignored = kDecoderIgnored,
     .norms_lack_one = true,
     .always_tied = true,
     .activation = "gelu",
     .describe = describe_gemma2},
    {.architecture = "gemma3",
     .classes = kGemma3,
     .outer = kDecoderOuter,
     .layers = "layers.",
     .layer = kGemmaLayer,
     .ignored = kDecoderIgnored,
     .norms_lack_one = true,
     .always_tied = true,
     .activation = "gelu",
     .describe = describe_gemma3},
    {.architecture = "bert",
     .classes = kBert,
     .outer = kBertOuter,
     .layers = "encoder.layer.",
     .layer = kBertLayer,
     .ignored = kBertIgnored,
     .encoder = true,
     .activation = "gelu",
     .describe = describe_bert},
};

}  // namespace

Result<const Family*> find_family(const PublishedConfig& config) {
    std::string known;
    for (const Family& family : kFamilies) {
        if (std::ranges::find(family.classes, config.architecture()) != family.classes.end())
            return &family;
        for (const std::string_view name : family.classes)
            known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
    }
    return Error{
        ErrorCode::unsupported,
        fmt::format(
            "unsupported architecture \"{}\"; models of these can be converted: {}",
            to_valid_utf8(config.architecture().substr(0, 100)),
            known
        )
    };
}

}  // namespace moat::models
