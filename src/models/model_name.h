#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

// host/namespace/model:tag, as Ollama reads it: defaults registry.ollama.ai, library, latest.
// Parts are compared without case. Threads: any (a value).
namespace moat::models {

struct ModelName {
    std::string host;
    std::string name_space;
    std::string model;
    std::string tag;

    // Shortest form people use: default host and namespace dropped, the tag always kept.
    std::string display() const;
    // <host>/<namespace>/<model>/<tag>, below manifests/.
    std::filesystem::path manifest_path() const;
};

// Errors: invalid_argument "invalid model name".
Result<ModelName> parse_model_name(std::string_view text);

}  // namespace moat::models
