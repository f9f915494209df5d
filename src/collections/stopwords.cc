#include "collections/stopwords.h"

#include <algorithm>
#include <array>

namespace moat::collections {
namespace {

// Of Lucene's EnglishAnalyzer, sorted.
constexpr std::array<std::string_view, 33> kEnglish{
    "a",   "an",    "and",  "are",   "as",    "at",   "be",   "but", "by",  "for",  "if",
    "in",  "into",  "is",   "it",    "no",    "not",  "of",   "on",  "or",  "such", "that",
    "the", "their", "then", "there", "these", "they", "this", "to",  "was", "will", "with",
};
static_assert(std::ranges::is_sorted(kEnglish));

bool names(const std::vector<std::string>& list, std::string_view term) {
    return std::ranges::find(list, term) != list.end();
}

bool is_stopword(const Stopwords& stopwords, std::string_view term) {
    if (names(stopwords.additions, term)) return true;
    return stopwords.english && std::ranges::binary_search(kEnglish, term) &&
           !names(stopwords.removals, term);
}

}  // namespace

std::vector<std::string> query_terms(
    const index::Tokenizer& tokenizer,
    const Stopwords& stopwords,
    Tokenization how,
    std::string_view text
) {
    const bool of_words = how == Tokenization::word || how == Tokenization::english;
    const bool any = stopwords.english || !stopwords.additions.empty();
    if (!of_words || !any) return tokenizer.tokenize(text, how);
    // Stopwords are words, not stems: they go before those are made.
    auto words = tokenizer.tokenize(text, Tokenization::word);
    std::vector<std::string> kept;
    for (const std::string& word : words) {
        if (!is_stopword(stopwords, word)) kept.push_back(word);
    }
    if (kept.empty()) kept = std::move(words);
    if (how == Tokenization::english) tokenizer.stem(kept);
    return kept;
}

}  // namespace moat::collections
