#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/principal.h"
#include "base/result.h"
#include "inference/engine.h"
#include "models/chat.h"

namespace moat::answers {

struct ChatModel {
    std::string name;
    int context_length = 0;  // tokens it was trained on; 0: not known
    bool thinks = false;
};

// The chat models answers are written by.
//
// Threads: any; generate() blocks until the text is complete.
class Generator {
  public:
    virtual ~Generator() = default;

    // What answers when nobody chose; none: no chat model is installed.
    virtual std::optional<ChatModel> default_model(const Principal& who) = 0;
    // Errors: not_found, unsupported (it cannot chat).
    virtual Result<ChatModel> find(const Principal& who, const std::string& name) = 0;
    // `options`: Ollama's names. Errors: those of inference::ModelRuntime.
    virtual Result<inference::GenerateResult> generate(
        const Principal& who,
        const ChatModel& model,
        const std::vector<models::ChatMessage>& messages,
        const json::Object& options,
        std::optional<bool> think,
        const inference::EventSink& sink,
        std::stop_token stop
    ) = 0;
};

}  // namespace moat::answers
