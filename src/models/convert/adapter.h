#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/convert/converter.h"
#include "models/gguf_file.h"

// Turns a LoRA adapter as PEFT writes it (adapter_config.json, adapter_model.safetensors) into a
// GGUF file for the model it was trained on. That model is known by its GGUF file: the adapter's
// own files do not say how many heads there are, whose rows llama.cpp wants in another order.
//
// Threads: any. The content is hostile.
namespace moat::models {

struct AdapterBase {
    std::string architecture;
    std::uint32_t heads = 0;
    std::uint32_t heads_kv = 0;
    std::map<std::string, std::vector<std::uint64_t>, std::less<>> shapes;  // of its tensors

    // Each of the model's files, the first of them first.
    void add(const GgufFile& file);
};

// Errors: those of convert_safetensors(); also invalid_argument when the adapter is for another
// model, unsupported when it is more than two matrices beside some of the model's (DoRA, layers
// trained whole, token embeddings).
Result<ConvertedModel> convert_adapter(
    const ModelFolder& folder,
    const AdapterBase& base,
    const ConvertRequest& request,
    const std::stop_token& stop
);

}  // namespace moat::models
