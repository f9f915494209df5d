#include "inference/grammar_guide.h"

#include <algorithm>
#include <utility>

namespace moat::inference {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::size_t kMostSpace = 16;  // bytes, where a model might write nothing else
constexpr std::size_t kStepsOfToken = std::size_t{1} << 25;  // a fraction of a second

}  // namespace

Result<GrammarGuide> GrammarGuide::make(const Rules& rules) {
    TRY_ASSIGN(Grammar grammar, Grammar::parse(rules.grammar, rules.root));
    GrammarGuide out(std::make_shared<const Grammar>(std::move(grammar)));
    out.thought_ = rules.thought;
    out.triggers_ = rules.triggers;
    std::erase(out.triggers_, "");
    const Phase first = out.triggers_.empty() ? Phase::answer : Phase::waiting;
    out.now_.phase = first;
    out.now_.state = out.matcher_.begin();
    if (rules.thought) out.now_.phase = rules.thought->begun ? Phase::thought : Phase::opening;
    const bool prefixed = first != Phase::answer || out.matcher_.step(out.now_.state, rules.prefix);
    if (!prefixed) return Error{ErrorCode::invalid_argument, "the grammar does not fit the prompt"};
    out.first_ = out.matcher_.next(out.now_.state);
    return out;
}

void GrammarGuide::begin_token() {
    matcher_.allow_steps(kStepsOfToken);
}

bool GrammarGuide::may_end(const Now& now) const {
    switch (now.phase) {
        case Phase::waiting:
            return true;
        case Phase::opening:
            return !triggers_.empty() || (now.matches && now.state.may_end);
        case Phase::thought:
            return !triggers_.empty();
        case Phase::space:
        case Phase::answer:
            return now.state.may_end;
    }
    return false;
}

bool GrammarGuide::allows(std::string_view text) {
    // Most tokens are out by their first byte.
    if (now_.phase == Phase::answer && !first_.test(static_cast<unsigned char>(text.front())))
        return false;
    const std::size_t mark = matcher_.mark();
    Now next = now_;
    const bool allowed = step(next, text);
    matcher_.forget_since(mark);
    return allowed;
}

Status GrammarGuide::accept(std::string_view text) {
    if (!step(now_, text))
        return Error{ErrorCode::invalid_argument, "the grammar does not allow this text"};
    matcher_.keep_only(now_.state);
    first_ = matcher_.next(now_.state);
    return Ok{};
}

bool GrammarGuide::step(Now& now, std::string_view text) {
    switch (now.phase) {
        case Phase::opening:
            return open(now, text);
        case Phase::thought:
            return think(now, text);
        case Phase::space:
            return pass_space(now, text);
        case Phase::waiting:
            return wait(now, text);
        case Phase::answer:
            return matcher_.step(now.state, text);
    }
    return false;
}

// Both are followed until the text is either the opening mark or cannot become it.
bool GrammarGuide::open(Now& now, std::string_view text) {
    const bool only_space = now.text.find_first_not_of(kSpace) == std::string::npos;
    now.text += text;
    const std::size_t start = std::min(now.text.find_first_not_of(kSpace), now.text.size());
    const std::string_view said = std::string_view(now.text).substr(start);
    if (said.starts_with(thought_->open)) {
        const std::string rest(said.substr(thought_->open.size()));
        now.phase = Phase::thought;
        now.text.clear();
        return think(now, rest);
    }
    const bool lazy = !triggers_.empty();
    if (!lazy && now.matches) {
        if (only_space) skip_space(now, text);
        now.matches = matcher_.step(now.state, text);
    }
    if (start <= kMostSpace && thought_->open.starts_with(said)) return true;
    now.phase = lazy ? Phase::waiting : Phase::answer;
    if (!lazy) return now.matches;
    return wait(now, std::exchange(now.text, {}));
}

// Space before an answer, where its grammar has none.
std::size_t GrammarGuide::skip_space(const Now& now, std::string_view& text) const {
    const std::size_t before = text.size();
    while (!text.empty() && kSpace.find(text.front()) != std::string_view::npos &&
           !matcher_.next(now.state).test(static_cast<unsigned char>(text.front())))
        text.remove_prefix(1);
    return before - text.size();
}

bool GrammarGuide::think(Now& now, std::string_view text) {
    now.text += text;
    const std::size_t end = now.text.find(thought_->close);
    if (end == std::string::npos) {
        const std::size_t held = thought_->close.size() - 1;
        if (now.text.size() > held) now.text.erase(0, now.text.size() - held);
        return true;
    }
    const std::string rest = now.text.substr(end + thought_->close.size());
    now.text.clear();
    if (!triggers_.empty()) {
        now.phase = Phase::waiting;
        return wait(now, rest);
    }
    now.phase = Phase::space;
    return pass_space(now, rest);
}

bool GrammarGuide::pass_space(Now& now, std::string_view text) {
    if (now.space == 0) now.state = matcher_.begin();
    now.space += 1 + skip_space(now, text);
    if (text.empty()) return now.space <= kMostSpace;
    now.phase = Phase::answer;
    return matcher_.step(now.state, text);
}

bool GrammarGuide::wait(Now& now, std::string_view text) {
    now.text += text;
    std::size_t first = std::string::npos;
    std::size_t longest = 0;
    for (const std::string& trigger : triggers_) {
        first = std::min(first, now.text.find(trigger));
        longest = std::max(longest, trigger.size());
    }
    if (first == std::string::npos) {
        if (now.text.size() >= longest) now.text.erase(0, now.text.size() - longest + 1);
        return true;
    }
    const std::string call = now.text.substr(first);
    now.text.clear();
    now.phase = Phase::answer;
    now.state = matcher_.begin();
    return matcher_.step(now.state, call);
}

}  // namespace moat::inference
