#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "models/chat.h"

// The TEMPLATE of a model (a Go text/template), and how a conversation becomes a prompt by it.
// Two styles exist: those that mention .Messages are run once; older ones are run once a turn with
// .System, .Prompt and .Response, and cut after the last .Response, where the model goes on.
//
// Threads: any (not changed after parsing; copies share). Cost: parse tens of microseconds; render
// linear in the conversation, bounded.
namespace moat::models {

struct PromptInput {
    std::vector<ChatMessage> messages;
    json::Value tools{};          // array of OpenAI-style tools, or null
    std::optional<bool> think{};  // unset: the request did not say
    std::string think_level{};    // "low", "medium", "high", or empty
};

struct ThinkingMarks {
    std::string open;
    std::string close;
};

class PromptTemplate {
  public:
    // A template that mentions neither .Messages nor .Response gets {{ .Response }} at its end.
    // Errors: invalid_argument, "template: :1: ..." in Go's words.
    static Result<PromptTemplate> parse(std::string_view text);

    // Consecutive messages of one role are joined by a blank line (tool results are not).
    // Errors: invalid_argument, in Go's words; too_large.
    Result<std::string> render(const PromptInput& input, Time now) const;
    // For filling in between `prompt` and `suffix`.
    Result<std::string> render_infill(std::string_view prompt, std::string_view suffix, Time now)
        const;

    bool mentions(std::string_view lower_case_name) const;  // "messages", "tools", "suffix"
    // What stands around thinking in the answer; nothing when the template knows no thinking.
    std::optional<ThinkingMarks> thinking_marks() const;
    // What a tool call in the answer begins with; "{" for bare JSON.
    std::string tool_call_mark() const;

  private:
    struct Parsed;
    explicit PromptTemplate(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}

    std::shared_ptr<const Parsed> parsed_;
};

}  // namespace moat::models
