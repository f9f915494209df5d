#include "inference/prompt_maker.h"

#include <algorithm>
#include <utility>

#include "inference/media.h"

namespace moat::inference {
namespace {

using models::ChatMessage;

// A template's own words around a message, generously.
constexpr std::size_t kMessageOverhead = 64;
constexpr std::size_t kTemplateOverhead = 512;

// A token stands for at least one byte, so bytes bound tokens from above.
std::size_t most_tokens(const std::vector<ChatMessage>& messages) {
    std::size_t total = kTemplateOverhead;
    for (const ChatMessage& message : messages) {
        total += kMessageOverhead + message.content.size() + message.thinking.size() +
                 message.images.size() * kImageTokens;
        for (const auto& call : message.tool_calls)
            total += call.name.size() + json::write(call.arguments).size() + kMessageOverhead;
    }
    return total;
}

// `messages` without the first `count` of those that may go.
std::vector<ChatMessage> without_oldest(
    const std::vector<ChatMessage>& messages, std::size_t count
) {
    std::vector<ChatMessage> out;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const bool may_go = messages[i].role != "system" && i + 1 < messages.size();
        if (may_go && count > 0) {
            --count;
        } else {
            out.push_back(messages[i]);
        }
    }
    return out;
}

// What a model thought in earlier turns is not shown to it again.
std::vector<ChatMessage> without_old_thinking(std::vector<ChatMessage> messages) {
    const auto is_user = [](const ChatMessage& message) { return message.role == "user"; };
    const auto last = std::find_if(messages.rbegin(), messages.rend(), is_user);
    const auto end = messages.rend() - last;
    for (std::ptrdiff_t i = 0; i < end; ++i) {
        std::string& content = messages[static_cast<std::size_t>(i)].content;
        if (messages[static_cast<std::size_t>(i)].role != "assistant") continue;
        const auto open = content.find("<think>");
        const auto close = content.find("</think>");
        if (open == std::string::npos || close == std::string::npos || close < open) continue;
        auto rest = close + std::string_view("</think>").size();
        while (rest < content.size() && content[rest] == '\n')
            ++rest;
        content.erase(open, rest - open);
    }
    return messages;
}

// `marks`: of its images, in order.
void place_marks(ChatMessage& message, const std::vector<std::string>& marks) {
    std::string& content = message.content;
    if (message.image_places.size() == marks.size()) {
        // From behind, so that the places before stay what they are.
        for (std::size_t i = marks.size(); i-- > 0;)
            content.insert(std::min(message.image_places[i], content.size()), marks[i]);
        return;
    }
    constexpr std::string_view kHere = "[img]";
    std::string front;
    for (const std::string& mark : marks) {
        const auto here = content.find(kHere);
        if (here == std::string::npos) {
            front += mark;
        } else {
            content.replace(here, kHere.size(), mark);
        }
    }
    content.insert(0, front);
}

bool drops_old_thinking(const models::Model& model) {
    return model.details.family == "qwen3" || model.name.model == "deepseek-r1";
}

}  // namespace

Result<Prompt> PromptRules::make(const std::vector<ChatMessage>& messages) const {
    if (!go_template)
        return Prompt(ChatPrompt{
            .messages = messages,
            .tools = tools,
            .think = think,
            .tool_choice = tool_choice,
            .parallel_tool_calls = parallel_tool_calls
        });
    models::PromptInput input{.messages = messages};
    if (drops_old_thinking(model)) input.messages = without_old_thinking(messages);
    if (tool_choice != "none") input.tools = tools;
    input.think = think;
    input.think_level = think_level;
    auto text = go_template->render(input, now);
    // Too large is for memory that is missing; this is the fault of the template.
    if (!text) return Error{ErrorCode::invalid_argument, std::move(text).error().message};
    return Prompt(std::move(*text));
}

std::vector<std::string> take_media(std::vector<ChatMessage>& messages, std::string_view nonce) {
    std::vector<std::string> media;
    for (ChatMessage& message : messages) {
        std::vector<std::string> marks;
        for (std::string& image : message.images) {
            marks.push_back(media_mark(nonce, media.size()));
            media.push_back(std::exchange(image, {}));
        }
        if (!marks.empty()) place_marks(message, marks);
    }
    return media;
}

std::string with_marks(std::string prompt, std::size_t count, std::string_view nonce) {
    std::string front;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string shown = "[img-" + std::to_string(i) + "]";
        const auto here = prompt.find(shown);
        if (here == std::string::npos) {
            front += media_mark(nonce, i);
        } else {
            prompt.replace(here, shown.size(), media_mark(nonce, i));
        }
    }
    return front + prompt;
}

const models::PromptTemplate* choose_template(
    const models::Model& model, const models::PromptTemplate* given, const PromptNeeds& needs
) {
    if (given) return given;
    const models::PromptTemplate* own = model.parsed_template ? &*model.parsed_template : nullptr;
    if (!own || model.chat_template.empty()) return own;
    const auto only_jinja = [&](bool needed, std::string_view capability) {
        return needed && !own->mentions(capability) &&
               models::chat_template_knows(model.chat_template, capability);
    };
    const bool jinja = only_jinja(needs.tools, "tools") || only_jinja(needs.thinking, "thinking");
    return jinja ? nullptr : own;
}

Result<std::vector<ChatMessage>> fit_messages(
    std::vector<ChatMessage> messages,
    std::size_t extra_bytes,
    std::size_t limit_tokens,
    const CountTokens& count
) {
    if (messages.size() < 2 || most_tokens(messages) + extra_bytes <= limit_tokens) return messages;
    TRY_ASSIGN(const std::size_t whole, count(messages));
    if (whole <= limit_tokens) return messages;

    std::size_t droppable = 0;
    for (std::size_t i = 0; i + 1 < messages.size(); ++i)
        droppable += messages[i].role != "system" ? 1 : 0;
    // The fewest to drop: more dropped never means more tokens.
    std::size_t low = 0;
    std::size_t high = droppable;
    while (low + 1 < high) {
        const std::size_t middle = low + (high - low) / 2;
        TRY_ASSIGN(const std::size_t tokens, count(without_oldest(messages, middle)));
        (tokens <= limit_tokens ? high : low) = middle;
    }
    return without_oldest(messages, high);
}

}  // namespace moat::inference
