#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference/engine.h"
#include "inference/grammar_matcher.h"

// Says which text an answer may go on with: a grammar, and when it begins. It may begin at once;
// after a thought, which is free; or, for tools the model may call or not, at the words a call
// begins with.
//
// Threads: one at a time. What it allows is bounded in work (grammar_matcher.h).
namespace moat::inference {

class GrammarGuide {
  public:
    struct Rules {
        std::string grammar;  // GBNF
        std::string root = "root";
        std::optional<ThoughtMarks> thought;  // none: the answer has no thought
        // Words the grammar begins with; until one appears, all is allowed. Empty: at once.
        std::vector<std::string> triggers;
        std::string prefix;  // of the grammar's text, that stands in the prompt already
    };
    // Errors: invalid_argument (the grammar's; a prefix it does not allow).
    static Result<GrammarGuide> make(const Rules& rules);

    // `text`: the next token's, not empty. Asking changes nothing.
    bool allows(std::string_view text);
    bool may_end() const { return may_end(now_); }
    // All is allowed for the next token, but perhaps the end.
    bool is_free() const {
        const bool lazy = !triggers_.empty();
        return now_.phase == Phase::thought || now_.phase == Phase::waiting ||
               (now_.phase == Phase::opening && lazy);
    }
    // Errors: invalid_argument when the text is not allowed.
    Status accept(std::string_view text);

    // Between two tokens, at most so much work; is_exhausted() tells that it was not enough.
    void begin_token();
    bool is_exhausted() const { return matcher_.is_exhausted(); }

  private:
    enum class Phase {
        opening,  // it may be a thought, or the answer
        thought,
        space,    // between the two
        waiting,  // for one of the triggers
        answer
    };
    struct Now {
        Phase phase = Phase::answer;
        std::string text;  // of the phase, where it matters
        GrammarMatcher::State state{};
        std::size_t space = 0;  // space: bytes of it, and tokens
        bool matches = true;    // opening: the text so far is also the beginning of an answer
    };

    explicit GrammarGuide(std::shared_ptr<const Grammar> grammar) : matcher_(std::move(grammar)) {}
    bool step(Now& now, std::string_view text);
    bool open(Now& now, std::string_view text);
    bool think(Now& now, std::string_view text);
    std::size_t skip_space(const Now& now, std::string_view& text) const;
    bool pass_space(Now& now, std::string_view text);
    bool wait(Now& now, std::string_view text);
    bool may_end(const Now& now) const;

    GrammarMatcher matcher_;
    std::optional<ThoughtMarks> thought_;
    std::vector<std::string> triggers_;
    Now now_;
    Grammar::ByteSet first_;  // bytes the answer may go on with
};

}  // namespace moat::inference
