#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/principal.h"
#include "base/result.h"

namespace moat::knowledge {

// Turns texts into vectors by an installed model.
//
// Threads: any; calls block.
class Embedder {
  public:
    virtual ~Embedder() = default;

    // The model new knowledge bases get; none when no embedding model is installed.
    virtual std::optional<std::string> default_model() = 0;
    virtual bool installed(const std::string& model) = 0;
    // Does the model tell Chinese texts apart? Found out by trying it, once a model. A model that
    // does not is not asked about Chinese text: its vectors there are noise.
    // Errors: those of embed().
    virtual Result<bool> reads_chinese(
        const Principal& who, const std::string& model, std::stop_token stop
    ) = 0;
    // One vector a text, of length 1; a text over the model's context is cut.
    // Errors: not_found (the model is gone), and those of inference::Engine.
    virtual Result<std::vector<std::vector<float>>> embed(
        const Principal& who,
        const std::string& model,
        const std::vector<std::string>& texts,
        std::stop_token stop
    ) = 0;
};

}  // namespace moat::knowledge
