#include "answers/runtime_generator.h"

#include <fmt/format.h>

#include "base/log.h"

namespace moat::answers {
namespace {

ChatModel chat_model(const models::Model& model) {
    return {
        .name = model.name.display(),
        .context_length = model.details.context_length,
        .thinks = model.can("thinking"),
    };
}

bool can_chat(const models::Model& model) {
    return model.can("completion");
}

}  // namespace

std::optional<ChatModel> RuntimeGenerator::default_model(const Principal& who) {
    if (!preferred_.empty())
        if (const auto found = find(who, preferred_)) return *found;
    const auto models = store_.list(who);
    if (!models) {
        log::warning("answers: {}", models.error().message);
        return std::nullopt;
    }
    for (const models::Model& model : *models)
        if (model.alias_of.empty() && can_chat(model)) return chat_model(model);
    return std::nullopt;
}

Result<ChatModel> RuntimeGenerator::find(const Principal& who, const std::string& name) {
    TRY_ASSIGN(const models::Model model, store_.find(who, name));
    if (!can_chat(model))
        return Error{ErrorCode::unsupported, fmt::format("\"{}\" does not support chat", name)};
    return chat_model(model);
}

Result<inference::GenerateResult> RuntimeGenerator::generate(
    const Principal& who,
    const ChatModel& model,
    const std::vector<models::ChatMessage>& messages,
    const json::Object& options,
    std::optional<bool> think,
    const inference::EventSink& sink,
    std::stop_token stop
) {
    inference::ChatRequest request;
    request.model = model.name;
    request.messages = messages;
    request.options = options;
    // The instructions of prompt.h, alike for everybody.
    if (!messages.empty() && messages.front().role == "system") request.public_messages = 1;
    if (model.thinks) request.think = think;
    return runtime_.chat(who, request, sink, stop);
}

}  // namespace moat::answers
