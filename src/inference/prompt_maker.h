#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "inference/engine.h"
#include "models/model_store.h"

namespace moat::inference {

using Prompt = std::variant<std::string, std::vector<std::int32_t>, ChatPrompt>;

// How one request of one model becomes a prompt. A TEMPLATE of its Modelfile wins; the Jinja
// template of its file serves where there is none, and where it alone knows what the request needs
// (tools, thinking). Threads: any (a value; the model must outlive it).
struct PromptRules {
    const models::Model& model;
    const models::PromptTemplate* go_template = nullptr;  // null: Jinja, in the runner
    json::Value tools{};
    std::optional<bool> think{};
    std::string think_level{};
    std::string tool_choice{};
    bool parallel_tool_calls = true;
    Time now{};

    // Errors: invalid_argument (the template's), too_large.
    Result<Prompt> make(const std::vector<models::ChatMessage>& messages) const;
};

// Moves the files of all images and sounds out of the messages, and writes a mark (media.h) into
// the content for each: where its place is told; else where the content says [img]; else in front.
// Of each an empty entry stays in its message.
std::vector<std::string> take_media(
    std::vector<models::ChatMessage>& messages, std::string_view nonce
);
// The same for a prompt that no template renders, where [img-0] stands for the first, and so on.
std::string with_marks(std::string prompt, std::size_t count, std::string_view nonce);

// What an image is taken to cost, in tokens, before a runner has seen it.
inline constexpr std::size_t kImageTokens = 768;

struct PromptNeeds {
    bool tools = false;
    bool thinking = false;
};
// The template to use for such a request; null for the Jinja template of the file.
// `given` (may be null) is a template of the request itself, and always wins.
const models::PromptTemplate* choose_template(
    const models::Model& model, const models::PromptTemplate* given, const PromptNeeds& needs
);

// Of `messages`, what fits `limit_tokens`: system messages and the last one always stay, the oldest
// others go first. `count` is asked only when the texts are long enough to matter; each answer
// costs a rendering and a tokenisation, and there are at most log2(messages) + 1.
using CountTokens = std::function<Result<std::size_t>(const std::vector<models::ChatMessage>&)>;
Result<std::vector<models::ChatMessage>> fit_messages(
    std::vector<models::ChatMessage> messages,
    std::size_t extra_bytes,
    std::size_t limit_tokens,
    const CountTokens& count
);

}  // namespace moat::inference
