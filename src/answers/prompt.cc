#include "answers/prompt.h"

#include <algorithm>

#include <fmt/format.h>

#include "answers/scripts.h"
#include "answers/wording.h"
#include "base/bytes.h"

namespace moat::answers {
namespace {

using models::ChatMessage;

// Of what the answer leaves: the share the conversation may take from the passages.
constexpr double kHistoryShare = 0.25;
constexpr std::size_t kMaxTurnBytes = 2000;

ChatMessage message(std::string role, std::string content) {
    ChatMessage made;
    made.role = std::move(role);
    made.content = std::move(content);
    return made;
}

// Passage text cannot close the frame it stands in.
std::string fenced(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("<passage") || rest.starts_with("</passage"))
            out += "‹";
        else
            out += text[at];
    }
    return out;
}

// A value between quotes, on one line.
std::string attribute(std::string_view text) {
    std::string out = fenced(text);
    std::ranges::replace(out, '"', '\'');
    std::ranges::replace(out, '\n', ' ');
    return out;
}

std::string passage(const Source& source) {
    std::string place = fmt::format("document=\"{}\"", attribute(source.document));
    if (!source.headings.empty())
        place += fmt::format(
            " section=\"{}\"", attribute(fmt::format("{}", fmt::join(source.headings, " > ")))
        );
    if (source.page > 0) place += fmt::format(" page=\"{}\"", source.page);
    return fmt::format(
        "<passage number=\"{}\" {}>\n{}\n</passage>\n", source.index, place, fenced(source.text)
    );
}

// The newest turns that fit, oldest first.
std::vector<ChatMessage> recent(const std::vector<Turn>& history, std::size_t tokens) {
    std::vector<ChatMessage> messages;
    for (auto turn = history.rbegin(); turn != history.rend(); ++turn) {
        const std::string text(utf8_prefix(turn->text, kMaxTurnBytes));
        const std::size_t needed = estimate_tokens(text) + 8;
        if (needed > tokens) break;
        tokens -= needed;
        messages.push_back(message(turn->role, text));
    }
    std::ranges::reverse(messages);
    // A conversation begins with the user: an answer without its question confuses.
    while (!messages.empty() && messages.front().role != "user")
        messages.erase(messages.begin());
    return messages;
}

std::size_t tokens_of(const std::vector<ChatMessage>& messages) {
    std::size_t tokens = 0;
    for (const ChatMessage& one : messages)
        tokens += estimate_tokens(one.content) + 8;
    return tokens;
}

std::size_t left(std::size_t budget, std::size_t used) {
    return budget > used ? budget - used : 0;
}

// Keeps the sources that fit; returns their passages.
std::string passages_within(std::vector<Source>& sources, std::size_t tokens) {
    std::string text;
    std::size_t kept = 0;
    for (; kept < sources.size(); ++kept) {
        const std::string one = passage(sources[kept]);
        const std::size_t needed = estimate_tokens(one);
        if (needed > tokens) break;
        tokens -= needed;
        text += one;
    }
    if (kept == 0 && !sources.empty()) {
        Source cut = sources.front();
        while (cut.text.size() > 200 && estimate_tokens(passage(cut)) > tokens)
            cut.text = utf8_prefix(cut.text, cut.text.size() * 3 / 4);
        text = passage(cut);
        kept = 1;
    }
    sources.resize(kept);
    return text;
}

}  // namespace

PromptBudget budget_for(int context_length) {
    PromptBudget budget;
    if (context_length > 0)
        budget.context_tokens =
            std::min(budget.context_tokens, static_cast<std::size_t>(context_length));
    budget.answer_tokens = std::min(budget.answer_tokens, budget.context_tokens / 4);
    return budget;
}

std::vector<ChatMessage> answering_prompt(
    const std::string& question,
    const std::vector<Turn>& history,
    std::vector<Source>& sources,
    const PromptBudget& budget
) {
    const Language language = language_of(question);
    std::vector<ChatMessage> messages{message("system", answering_instructions(language))};
    const std::string asked = question_label(language) + question;
    const std::size_t room = left(
        budget.context_tokens,
        budget.answer_tokens + tokens_of(messages) + estimate_tokens(asked) + 16
    );
    const auto past =
        recent(history, static_cast<std::size_t>(kHistoryShare * static_cast<double>(room)));
    const std::string passages = passages_within(sources, left(room, tokens_of(past)));
    messages.insert(messages.end(), past.begin(), past.end());
    messages.push_back(
        message("user", fmt::format("<passages>\n{}</passages>\n\n{}", passages, asked))
    );
    return messages;
}

std::vector<ChatMessage> chatting_prompt(
    const std::string& question, const std::vector<Turn>& history, const PromptBudget& budget
) {
    std::vector<ChatMessage> messages{
        message("system", chatting_instructions(language_of(question)))
    };
    const std::size_t used =
        budget.answer_tokens + tokens_of(messages) + estimate_tokens(question) + 16;
    const auto past = recent(history, left(budget.context_tokens, used));
    messages.insert(messages.end(), past.begin(), past.end());
    messages.push_back(message("user", question));
    return messages;
}

std::vector<ChatMessage> rewriting_prompt(
    const std::string& question, const std::vector<Turn>& history, const PromptBudget& budget
) {
    const Language language = language_of(question);
    std::string conversation;
    for (const ChatMessage& past : recent(history, left(budget.context_tokens / 2, 256)))
        conversation += past.role + ": " + fenced(past.content) + "\n";
    return {
        message("system", rewriting_instructions(language)),
        message("user", conversation + "\n" + question_label(language) + question),
    };
}

}  // namespace moat::answers
