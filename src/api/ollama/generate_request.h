#pragma once

#include <string_view>

#include "base/result.h"
#include "inference/model_runtime.h"

namespace moat::api::ollama {

// POST /api/generate, read.
struct Generate {
    inference::CompletionRequest request;
    bool stream = true;
    bool render_only = false;

    // No prompt, image or suffix: the model is only to be loaded, or unloaded.
    bool is_load() const {
        return request.prompt.empty() && request.images.empty() && request.suffix.empty();
    }
};

// Threads: any. Errors: invalid_argument, in Go's words.
Result<Generate> read_generate(std::string_view body);

}  // namespace moat::api::ollama
