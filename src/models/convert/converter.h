#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "base/sha256.h"
#include "models/convert/model_folder.h"
#include "models/convert/tensor_plan.h"

// Turns a model as its publisher has it (safetensors, config.json, a tokenizer) into one GGUF file.
// Families: Llama and Mistral, Qwen2, Qwen3, Gemma 1 to 3 (text), BERT, XLM-RoBERTa and its
// rerankers.
//
// Threads: any; blocks for as long as reading and writing the model takes. Memory: some MB and the
// vocabulary, whatever the model's size. The content is hostile.
namespace moat::models {

struct ConvertRequest {
    std::filesystem::path target;    // made anew; removed again when the conversion fails
    std::string name;                // general.name
    std::optional<OutputType> type;  // of the matrices; none: BF16 stays, all else becomes F16
    std::function<void(std::uint64_t done, std::uint64_t total)> progress;  // bytes written
};

struct ConvertedModel {
    Sha256 digest;  // of the file
    std::uint64_t size = 0;
};

// Errors: unsupported (an architecture, a tokenizer, quantized weights; says what is supported),
// invalid_argument and not_found (files that do not fit together or are missing), corrupt,
// cancelled, too_large (the disk has no room for it), io.
Result<ConvertedModel> convert_safetensors(
    const ModelFolder& folder, const ConvertRequest& request, const std::stop_token& stop
);

// Writes what was planned. Errors: unsupported, cancelled, too_large, io.
Result<ConvertedModel> write_model(
    const ConvertRequest& request,
    const GgufHead& head,
    const std::vector<PlannedTensor>& tensors,
    const WeightFiles& weights,
    const std::stop_token& stop
);

}  // namespace moat::models
