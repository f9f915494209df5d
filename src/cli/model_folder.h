#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace moat::cli {

// Of a folder that a Modelfile's FROM names, the files that make the model, by their names within
// it: model*.safetensors with what describes them (*.json here and one folder down, the tokenizer,
// the chat template), or else *.gguf. Threads: any.
// Errors: invalid_argument (nothing of either; says what is there instead), io.
Result<std::vector<std::pair<std::string, std::filesystem::path>>> model_files_in(
    const std::filesystem::path& folder
);

// Of a folder that ADAPTER names: adapter_config.json and adapter_model.safetensors, as PEFT writes
// them, or else one *.gguf. Errors: as above.
Result<std::vector<std::pair<std::string, std::filesystem::path>>> adapter_files_in(
    const std::filesystem::path& folder
);

}  // namespace moat::cli
