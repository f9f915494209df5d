#include "answers/follow_up.h"

#include <algorithm>
#include <array>
#include <span>

#include "answers/scripts.h"
#include "answers/terms.h"

namespace moat::answers {
namespace {

constexpr std::size_t kFewTerms = 2;
constexpr std::size_t kFewWords = 4;
constexpr std::size_t kShortChineseBytes = 15;  // five characters
constexpr std::size_t kMaxTurns = 2;
constexpr std::size_t kMaxQuestionBytes = 400;

// Padded with spaces, since they must be whole words.
constexpr std::array<std::string_view, 18> kPointers{
    " it ",
    " its ",
    " they ",
    " them ",
    " their ",
    " he ",
    " she ",
    " his ",
    " her ",
    " this ",
    " that ",
    " these ",
    " those ",
    " one ",
    " ones ",
    " there ",
    " former ",
    " latter ",
};
// They hold a pointer and point to nothing.
constexpr std::array<std::string_view, 2> kNoPointers{" is there ", " are there "};
constexpr std::array<std::string_view, 8> kOpenings{
    "and ",
    "what about",
    "how about",
    "also ",
    "then ",
    "but ",
    "or ",
    "why not",
};
constexpr std::array<std::string_view, 16> kChinesePointers{
    "它",
    "他们",
    "她们",
    "他",
    "她",
    "这个",
    "那个",
    "这些",
    "那些",
    "该",
    "上述",
    "前者",
    "后者",
    "此",
    "这样",
    "那里",
};
constexpr std::array<std::string_view, 7> kNoChinesePointers{
    "应该",
    "其他",
    "其它",
    "因此",
    "如此",
    "此外",
    "彼此",
};
constexpr std::array<std::string_view, 7> kChineseOpenings{
    "那",
    "还有",
    "另外",
    "此外",
    "然后",
    "为什么呢",
    "如果是",
};

// Lower case, with every run of other characters as one space, and one at each end.
std::string as_words(std::string_view text) {
    std::string words = " ";
    for (const char c : text) {
        const bool upper = c >= 'A' && c <= 'Z';
        const bool letter = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                            static_cast<unsigned char>(c) >= 0x80;
        if (letter)
            words += upper ? static_cast<char>(c | 0x20) : c;
        else if (words.back() != ' ')
            words += ' ';
    }
    if (words.back() != ' ') words += ' ';
    return words;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n\"'");
    if (first == std::string_view::npos) return {};
    const std::size_t last = text.find_last_not_of(" \t\r\n\"'");
    return text.substr(first, last - first + 1);
}

std::string without(std::string text, std::span<const std::string_view> words) {
    for (const std::string_view word : words)
        for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at))
            text.replace(at, word.size(), " ");
    return text;
}

// Says too little to stand alone: "How many days?", but not "How long must a password be?".
bool says_little(std::string_view question, std::string_view words) {
    const std::size_t terms = question_terms(question).size();
    const auto count = static_cast<std::size_t>(std::ranges::count(words, ' ')) - 1;
    return terms < kFewTerms || (terms == kFewTerms && count <= kFewWords);
}

bool ends_with_ne(std::string_view question) {
    for (const std::string_view end : {"呢", "呢？", "呢?"})
        if (question.ends_with(end)) return true;
    return false;
}

bool leans_in_chinese(std::string_view question) {
    const std::string text = without(std::string(question), kNoChinesePointers);
    const auto holds = [&](std::string_view word) { return text.find(word) != std::string::npos; };
    const auto opens = [&](std::string_view word) { return question.starts_with(word); };
    return std::ranges::any_of(kChinesePointers, holds) ||
           std::ranges::any_of(kChineseOpenings, opens) || ends_with_ne(question) ||
           question.size() <= kShortChineseBytes;
}

bool leans_in_english(std::string_view question) {
    const std::string words = as_words(question);
    const std::string text = without(words, kNoPointers);
    const auto holds = [&](std::string_view word) { return text.find(word) != std::string::npos; };
    const auto opens = [&](std::string_view word) {
        return std::string_view(words).substr(1).starts_with(word);
    };
    return std::ranges::any_of(kPointers, holds) || std::ranges::any_of(kOpenings, opens) ||
           says_little(question, words);
}

}  // namespace

bool leans_on_history(std::string_view question) {
    const std::string_view text = trimmed(question);
    return language_of(text) == Language::chinese ? leans_in_chinese(text) : leans_in_english(text);
}

std::string merge_with_history(std::string_view question, const std::vector<Turn>& history) {
    std::string merged(trimmed(question));
    std::size_t turns = 0;
    for (auto turn = history.rbegin(); turn != history.rend() && turns < kMaxTurns; ++turn) {
        if (turn->role != "user") continue;
        ++turns;
        merged += "\n" + turn->text;
        // A question that stands alone names its subject; what came before it is another matter.
        if (!leans_on_history(turn->text)) break;
    }
    return merged;
}

std::string accept_rewriting(std::string_view reply) {
    const std::string_view text = trimmed(reply);
    if (text.empty() || text.size() > kMaxQuestionBytes) return {};
    if (text.find('\n') != std::string_view::npos) return {};
    return std::string(text);
}

}  // namespace moat::answers
