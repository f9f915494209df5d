#include "models/convert/family.h"

#include <algorithm>
#include <charconv>
#include <iterator>

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

constexpr TensorName kBertRankerOuter[] = {
    {"embeddings.word_embeddings", "token_embd"},
    {"embeddings.position_embeddings", "position_embd"},
    {"embeddings.token_type_embeddings", "token_types"},
    {"embeddings.LayerNorm", "token_embd_norm"},
    {"classifier.dense", "cls"},
    {"classifier.out_proj", "cls.output"},
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
constexpr std::string_view kXlmRobertaIgnored[] = {
    "pooler.", "lm_head.", "embeddings.position_ids"
};

constexpr std::string_view kLlama[] = {
    "LlamaForCausalLM", "LlamaModel", "MistralForCausalLM", "MistralModel"
};
constexpr std::string_view kQwen2[] = {"Qwen2ForCausalLM", "Qwen2Model"};
constexpr std::string_view kQwen3[] = {"Qwen3ForCausalLM", "Qwen3Model"};
constexpr std::string_view kGemma[] = {"GemmaForCausalLM"};
constexpr std::string_view kGemma2[] = {"Gemma2ForCausalLM"};
constexpr std::string_view kGemma3[] = {"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"};
constexpr std::string_view kBert[] = {"BertModel", "BertForMaskedLM"};
constexpr std::string_view kXlmRoberta[] = {"XLMRobertaModel", "XLMRobertaForMaskedLM"};

constexpr std::string_view kXlmRobertaRanker[] = {"XLMRobertaForSequenceClassification"};

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
     .tokenizer = TokenizerKind::word_pieces,
     .activation = "gelu",
     .describe = describe_bert},
    // bge-m3, multilingual-e5: a BERT in other words, with other tokens.
    {.architecture = "bert",
     .classes = kXlmRoberta,
     .outer = kBertOuter,
     .layers = "encoder.layer.",
     .layer = kBertLayer,
     .ignored = kXlmRobertaIgnored,
     .encoder = true,
     .tokenizer = TokenizerKind::unigram,
     .positions_follow_padding = true,
     .activation = "gelu",
     .describe = describe_xlm_roberta},
    // bge-reranker-v2-m3.
    {.architecture = "bert",
     .classes = kXlmRobertaRanker,
     .outer = kBertRankerOuter,
     .layers = "encoder.layer.",
     .layer = kBertLayer,
     .ignored = kXlmRobertaIgnored,
     .encoder = true,
     .tokenizer = TokenizerKind::unigram,
     .positions_follow_padding = true,
     .ranks = true,
     .activation = "gelu",
     .describe = describe_xlm_roberta},
};

}  // namespace

std::string plain_tensor_name(std::string name) {
    for (const std::string_view prefix :
         {"bert.", "roberta.", "language_model.", "model.", "language_model."})
        if (name.starts_with(prefix)) name.erase(0, prefix.size());
    for (const auto& [old, now] : {std::pair{".gamma", ".weight"}, std::pair{".beta", ".bias"}})
        if (name.ends_with(old))
            name.replace(name.size() - std::string_view(old).size(), std::string::npos, now);
    return name;
}

std::optional<OurName> our_name(const Family& family, std::string_view stem) {
    OurName out;
    std::span<const TensorName> names = family.outer;
    if (stem.starts_with(family.layers)) {
        stem.remove_prefix(family.layers.size());
        std::uint32_t number = 0;
        const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
        const auto used = static_cast<std::size_t>(end - stem.data());
        if (error != std::errc() || used >= stem.size() || stem[used] != '.') return std::nullopt;
        stem.remove_prefix(used + 1);
        out = {.stem = fmt::format("blk.{}.", number), .layer = number};
        names = family.layer;
    }
    const auto found = std::ranges::find(names, stem, &TensorName::theirs);
    if (found == names.end()) return std::nullopt;
    out.stem += found->ours;
    return out;
}

const Family* family_of(std::string_view architecture) {
    const auto found = std::ranges::find(kFamilies, architecture, &Family::architecture);
    return found == std::end(kFamilies) ? nullptr : &*found;
}

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
