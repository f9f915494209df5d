#include "models/model_facts.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include <fmt/format.h>

#include "models/gguf_types.h"

namespace moat::models {
namespace {

// Encoders: some files of theirs do not name a pooling type.
constexpr std::string_view kEncoders[] = {
    "bert",
    "nomic-bert",
    "nomic-bert-moe",
    "neo-bert",
    "jina-bert-v2",
    "jina-bert-v3",
    "modern-bert",
    "eurobert",
    "gemma-embedding",
    "t5encoder",
};

int int_of(const GgufFile& file, const std::string& key) {
    const std::int64_t value = file.int_or(key, 0);
    return value > 0 && value <= std::numeric_limits<int>::max() ? static_cast<int>(value) : 0;
}

bool flag_of(const GgufFile& file, const std::string& key, bool fallback) {
    const json::Value* value = file.find(key);
    return value != nullptr && value->is_bool() ? value->get_bool() : fallback;
}

bool is_quantized(const GgufTensor& tensor) {
    const auto type = tensor_type(tensor.type);
    return type && type->block_values > 1;
}

FileRole role_of(const GgufFile& file, const std::string& architecture) {
    if (file.string_or("general.type", "") == "adapter") return FileRole::adapter;
    if (architecture == "clip" || file.string_or("general.type", "") == "mmproj")
        return FileRole::projector;
    return FileRole::model;
}

}  // namespace

std::string parameter_size_text(std::uint64_t parameters) {
    const auto number = static_cast<double>(parameters);
    const auto scaled = [number](double unit, const char* decimals, char letter) {
        const double value = number / unit;
        const std::string text = value == std::floor(value)
                                     ? fmt::format("{:.0f}", value)
                                     : fmt::format(fmt::runtime(decimals), value);
        return text + letter;
    };
    if (number >= 1e9) return scaled(1e9, "{:.1f}", 'B');
    if (number >= 1e6) return scaled(1e6, "{:.2f}", 'M');
    if (number >= 1e3) return scaled(1e3, "{:.0f}", 'K');
    return fmt::format("{}", parameters);
}

ModelFacts facts_of(const GgufFile& file) {
    ModelFacts facts;
    facts.architecture = file.string_or("general.architecture", "unknown");
    const std::string& arch = facts.architecture;
    facts.role = role_of(file, arch);
    facts.parameters = file.parameter_count();
    facts.parameter_size = parameter_size_text(facts.parameters);
    facts.file_type = file_type_name(file.int_or("general.file_type", -1));
    facts.context_length = int_of(file, arch + ".context_length");
    facts.embedding_length = int_of(file, arch + ".embedding_length");
    facts.embedding = file.find(arch + ".pooling_type") != nullptr ||
                      std::ranges::find(kEncoders, arch) != std::end(kEncoders);
    constexpr int kRank = 4;  // of llama.cpp's pooling types: a classifier over the first token
    facts.reranker = int_of(file, arch + ".pooling_type") == kRank;
    // Files of one encoder need not say that it sees.
    facts.hears =
        facts.role == FileRole::projector && flag_of(file, "clip.has_audio_encoder", false);
    facts.sees =
        facts.role == FileRole::projector && flag_of(file, "clip.has_vision_encoder", !facts.hears);
    facts.chat_template = file.string_or("tokenizer.chat_template", "");
    facts.split_number = file.int_or("split.no", 0);
    facts.split_count = std::max<std::int64_t>(1, file.int_or("split.count", 1));
    facts.split_tensors = file.int_or("split.tensors.count", 0);
    facts.tensors = static_cast<std::int64_t>(file.tensors.size());
    facts.quantized = std::ranges::any_of(file.tensors, is_quantized);
    return facts;
}

bool chat_template_knows(const std::string& chat_template, std::string_view capability) {
    const auto names = [&chat_template](std::string_view word) {
        return chat_template.contains(word);
    };
    if (capability == "tools") return names("tools");
    if (capability == "thinking")
        return names("enable_thinking") || names("<think>") || names("reasoning_content");
    return false;
}

std::vector<std::string> capabilities_of(
    const ModelFacts& facts, const PromptTemplate* prompt_template, const ModelFacts* projector
) {
    if (facts.reranker) return {"rerank"};
    if (facts.embedding) return {"embedding"};
    std::vector<std::string> out = {"completion"};
    const auto either = [&](std::string_view capability) {
        return (prompt_template && prompt_template->mentions(capability)) ||
               chat_template_knows(facts.chat_template, capability);
    };
    if (either("tools")) out.emplace_back("tools");
    if (prompt_template && prompt_template->mentions("suffix")) out.emplace_back("insert");
    if (either("thinking")) out.emplace_back("thinking");
    if (projector && projector->sees) out.emplace_back("vision");
    if (projector && projector->hears) out.emplace_back("audio");
    return out;
}

}  // namespace moat::models
