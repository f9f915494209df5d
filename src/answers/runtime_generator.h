#pragma once

#include <string>

#include "answers/generator.h"
#include "inference/model_runtime.h"
#include "models/model_store.h"

namespace moat::answers {

// Generator on the installed models. Threads: any. Borrows: the store and the runtime.
class RuntimeGenerator final : public Generator {
  public:
    // `preferred`: the model that answers when nobody chose; empty, or not installed: the chat
    // model installed last.
    RuntimeGenerator(
        const models::ModelStore& store, inference::ModelRuntime& runtime, std::string preferred
    )
        : store_(store), runtime_(runtime), preferred_(std::move(preferred)) {}

    std::optional<ChatModel> default_model(const Principal& who) override;
    Result<ChatModel> find(const Principal& who, const std::string& name) override;
    Result<inference::GenerateResult> generate(
        const Principal& who,
        const ChatModel& model,
        const std::vector<models::ChatMessage>& messages,
        const json::Object& options,
        std::optional<bool> think,
        const inference::EventSink& sink,
        std::stop_token stop
    ) override;

  private:
    const models::ModelStore& store_;
    inference::ModelRuntime& runtime_;
    const std::string preferred_;
};

}  // namespace moat::answers
