#include "answers/sentences.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "answers/scripts.h"
#include "documents/chunker.h"

namespace moat::answers {
namespace {

// A sentence with its terms.
struct Candidate {
    std::size_t source;
    std::size_t position;
    std::string_view text;
    TermSet terms;
};

bool has_digit(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool asks_for_number(std::string_view question) {
    for (const std::string_view mark :
         {"how many",
          "how much",
          "how long",
          "how often",
          "when ",
          "How many",
          "How much",
          "How long",
          "How often",
          "When ",
          "多少",
          "几",
          "何时",
          "什么时候",
          "多久",
          "哪年",
          "多长"})
        if (question.find(mark) != std::string_view::npos) return true;
    return false;
}

bool ends_like_a_sentence(std::string_view text) {
    for (const std::string_view end :
         {".", "!", "?", ";", "。", "！", "？", "；", "…", "”", "\"", ")", "）"})
        if (text.ends_with(end)) return true;
    return false;
}

// Headings and fragments match questions well and answer nothing.
bool is_fragment(std::string_view text) {
    return estimate_tokens(text) < 12 && !ends_like_a_sentence(text) &&
           text.find(": ") == std::string_view::npos && text.find("：") == std::string_view::npos &&
           text.find(" | ") == std::string_view::npos;
}

constexpr double kContextWeight = 0.3;

// How rare each term is among the candidates.
std::map<std::string, double, std::less<>> weights_of(
    const std::vector<std::string>& terms, const std::vector<Candidate>& candidates
) {
    std::map<std::string, double, std::less<>> weights;
    const auto total = static_cast<double>(candidates.size());
    for (const std::string& term : terms) {
        const auto held =
            static_cast<double>(std::ranges::count_if(candidates, [&](const Candidate& c) {
                return c.terms.contains(term);
            }));
        weights[term] = std::log(1 + (total + 1) / (held + 1));
    }
    return weights;
}

std::vector<Candidate> candidates_of(const std::vector<Source>& sources) {
    std::vector<Candidate> candidates;
    for (std::size_t s = 0; s < sources.size(); ++s) {
        if (sources[s].record) {
            candidates.push_back({s, 0, sources[s].text, text_terms(sources[s].text)});
            continue;
        }
        std::size_t position = 0;
        for (const std::string_view sentence : documents::split_sentences(sources[s].text))
            candidates.push_back({s, position++, sentence, text_terms(sentence)});
    }
    return candidates;
}

double score(
    const Candidate& candidate,
    const std::map<std::string, double, std::less<>>& weights,
    bool wants_number
) {
    double shared = 0;
    double all = 0;
    for (const auto& [term, weight] : weights) {
        all += weight;
        if (candidate.terms.contains(term)) shared += weight;
    }
    if (shared == 0) return 0;
    double value = shared / all;
    // A very long sentence shares terms by chance.
    const auto tokens = static_cast<double>(estimate_tokens(candidate.text));
    value /= 1 + 0.004 * std::max(0.0, tokens - 60);
    if (wants_number && has_digit(candidate.text)) value *= 1.2;
    if (is_fragment(candidate.text)) value *= 0.4;
    return value;
}

}  // namespace

std::vector<RankedSentence> rank_sentences(
    std::string_view question, std::string_view context, const std::vector<Source>& sources
) {
    const std::vector<Candidate> candidates = candidates_of(sources);
    auto weights = weights_of(question_terms(context), candidates);
    for (auto& [term, weight] : weights)
        weight *= kContextWeight;
    for (const auto& [term, weight] : weights_of(question_terms(question), candidates))
        weights[term] = weight;
    const bool wants_number = asks_for_number(question);
    std::vector<RankedSentence> ranked;
    for (const Candidate& candidate : candidates) {
        double value = score(candidate, weights, wants_number);
        if (value == 0) continue;
        // Retrieval has put the better passages first.
        value *= 1 - 0.04 * static_cast<double>(std::min<std::size_t>(candidate.source, 8));
        ranked.push_back(
            {.source = candidate.source,
             .position = candidate.position,
             .text = std::string(candidate.text),
             .score = value}
        );
    }
    std::ranges::sort(ranked, [](const RankedSentence& a, const RankedSentence& b) {
        return std::tuple(-a.score, a.source, a.position) <
               std::tuple(-b.score, b.source, b.position);
    });
    return ranked;
}

std::vector<std::string> best_quotes(
    const std::vector<std::string>& terms, const std::string& text, std::size_t limit
) {
    struct Quote {
        std::size_t position = 0;
        double score = 0;
        std::string_view text;
    };
    std::vector<Quote> quotes;
    const std::vector<std::string_view> sentences = documents::split_sentences(text);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
        double value = coverage(terms, text_terms(sentences[i]));
        if (is_fragment(sentences[i])) value *= 0.4;
        if (value > 0) quotes.push_back({i, value, sentences[i]});
    }
    std::ranges::sort(quotes, [](const Quote& a, const Quote& b) {
        return std::tuple(-a.score, a.position) < std::tuple(-b.score, b.position);
    });
    // A second quote must be nearly as good as the first to be worth reading.
    std::erase_if(quotes, [best = quotes.empty() ? 0 : quotes.front().score](const Quote& quote) {
        return quote.score < 0.6 * best;
    });
    if (quotes.size() > limit) quotes.resize(limit);
    std::ranges::sort(quotes, {}, &Quote::position);
    std::vector<std::string> texts;
    for (const Quote& quote : quotes)
        texts.emplace_back(quote.text);
    return texts;
}

}  // namespace moat::answers
