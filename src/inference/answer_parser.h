#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "inference/engine.h"
#include "models/prompt_template.h"

// Finds thinking and tool calls in the text of a model that was prompted by a Go template. (For
// Jinja templates the runner does it.) Text arrives in pieces cut anywhere; what may turn out to be
// a mark is held back until it is decided. Threads: one at a time.
namespace moat::inference {

// "<think>...</think>answer". Only at the beginning of an answer; white space around is dropped.
class ThinkingSplitter {
  public:
    // `begun`: the prompt itself ended with the opening mark.
    ThinkingSplitter(models::ThinkingMarks marks, bool begun);

    struct Piece {
        std::string thinking;
        std::string content;
    };
    Piece push(std::string_view text);
    Piece finish();
    bool thinking_ended() const {
        return state_ == State::content || state_ == State::trim_content;
    }

  private:
    enum class State { before, trim_thinking, thinking, trim_content, content };
    bool step(Piece& out);

    models::ThinkingMarks marks_;
    State state_;
    std::string held_;
};

// After `mark` ("<tool_call>", "[TOOL_CALLS]", "{"), JSON objects that name one of the tools.
class ToolCallScanner {
  public:
    // `tools`: array of OpenAI-style tools.
    ToolCallScanner(std::string mark, const json::Value& tools);

    struct Piece {
        std::string content;
        std::vector<models::ToolCall> calls;
    };
    Piece push(std::string_view text);
    Piece finish();

  private:
    void look_for_mark(Piece& out);
    void take_calls(Piece& out);
    std::optional<models::ToolCall> call_from(const json::Value& value) const;

    std::string mark_;
    std::vector<std::string> names_;
    bool marked_ = false;
    bool plain_ = false;  // bare-JSON calls are off: the answer began with something else
    bool found_ = false;  // a call was found
    std::string held_;
};

// Both, in that order, over the events of an engine.
class AnswerParser {
  public:
    AnswerParser(std::optional<ThinkingSplitter> thinking, std::optional<ToolCallScanner> tools)
        : thinking_(std::move(thinking)), tools_(std::move(tools)) {}

    GenerateEvent push(const GenerateEvent& event);
    GenerateEvent finish();

  private:
    void add_content(GenerateEvent& out, const std::string& content);

    std::optional<ThinkingSplitter> thinking_;
    std::optional<ToolCallScanner> tools_;
    std::vector<TokenLogprob> logprobs_;  // of text that is held back
};

// "call_" and 8 random characters.
std::string new_call_id();

}  // namespace moat::inference
