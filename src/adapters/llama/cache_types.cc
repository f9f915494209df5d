#include "adapters/llama/cache_types.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/log.h"
#include "inference/cache_type.h"

namespace moat::adapters::llama {
namespace {

constexpr int kBlock = 32;  // values of every packed type in question

struct NamedType {
    std::string_view name;
    ggml_type type;
};
constexpr std::array<NamedType, 8> kTypes = {
    NamedType{"f32", GGML_TYPE_F32},
    {"f16", GGML_TYPE_F16},
    {"bf16", GGML_TYPE_BF16},
    {"q8_0", GGML_TYPE_Q8_0},
    {"q5_1", GGML_TYPE_Q5_1},
    {"q5_0", GGML_TYPE_Q5_0},
    {"q4_1", GGML_TYPE_Q4_1},
    {"q4_0", GGML_TYPE_Q4_0},
};

// A number of the file's header; `fallback` where it says none.
int number_in(const llama_model* model, const std::string& key, int fallback) {
    char text[32];
    const int length = llama_model_meta_val_str(model, key.c_str(), text, sizeof text);
    int number = fallback;
    if (length > 0) std::from_chars(text, text + std::min<int>(length, sizeof text), number);
    return number;
}

bool blocks_divide_heads(const llama_model* model) {
    char architecture[64] = "";
    llama_model_meta_val_str(model, "general.architecture", architecture, sizeof architecture);
    const std::string attention = std::string(architecture) + ".attention.";
    const int usual = llama_model_n_embd(model) / std::max(1, llama_model_n_head(model));
    return number_in(model, attention + "key_length", usual) % kBlock == 0 &&
           number_in(model, attention + "value_length", usual) % kBlock == 0;
}

}  // namespace

std::string usable_cache_type(const llama_model* model, const inference::LoadOptions& load) {
    if (!inference::needs_flash_attention(load.cache_type)) return load.cache_type;
    if (!load.flash_attention.value_or(true)) {
        log::warning("cache type {} needs flash attention, which is off: f16", load.cache_type);
        return "f16";
    }
    if (!blocks_divide_heads(model)) {
        log::warning("cache type {} does not fit this model's heads: f16", load.cache_type);
        return "f16";
    }
    return load.cache_type;
}

void set_attention(
    llama_context_params& parameters,
    const std::string& cache_type,
    const inference::LoadOptions& load
) {
    const auto found = std::ranges::find(kTypes, cache_type, &NamedType::name);
    if (found != kTypes.end()) parameters.type_k = parameters.type_v = found->type;
    const bool needed = inference::needs_flash_attention(cache_type);
    if (needed || load.flash_attention) {
        const bool on = needed || *load.flash_attention;
        parameters.flash_attn_type =
            on ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    }
}

}  // namespace moat::adapters::llama
