#include "answers/quoting.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "answers/sentences.h"
#include "answers/wording.h"
#include "base/bytes.h"

namespace moat::answers {
namespace {

constexpr std::size_t kMaxSentences = 4;
constexpr std::size_t kMaxBytes = 1500;
constexpr std::size_t kMaxSentenceBytes = 700;
// What scores less than this share of the best sentence adds more noise than answer.
constexpr double kWorthBesideBest = 0.62;

std::string shortened(std::string_view text) {
    if (text.size() <= kMaxSentenceBytes) return std::string(text);
    return std::string(utf8_prefix(text, kMaxSentenceBytes)) + " …";
}

// A record reads as one line in an answer.
std::string in_one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        if (c == '\n')
            line += "; ";
        else
            line += c;
    }
    return line;
}

std::vector<RankedSentence> choose(std::vector<RankedSentence> ranked) {
    std::vector<RankedSentence> chosen;
    std::size_t bytes = 0;
    for (RankedSentence& sentence : ranked) {
        if (chosen.size() == kMaxSentences) break;
        if (!chosen.empty() && sentence.score < kWorthBesideBest * chosen.front().score) break;
        const bool repeated =
            std::ranges::find(chosen, sentence.text, &RankedSentence::text) != chosen.end();
        if (repeated || (!chosen.empty() && bytes + sentence.text.size() > kMaxBytes)) continue;
        bytes += sentence.text.size();
        chosen.push_back(std::move(sentence));
    }
    // The best sentence leads; those of its source that follow it in the text stay with it.
    const std::size_t lead = chosen.empty() ? 0 : chosen.front().source;
    std::ranges::sort(chosen, {}, [lead](const RankedSentence& sentence) {
        return std::tuple(sentence.source != lead, sentence.source, sentence.position);
    });
    return chosen;
}

}  // namespace

Quotation quote(std::string_view question, std::string_view context, std::vector<Source>& sources) {
    Quotation quotation;
    quotation.text = quoting_notice(language_of(question)) + "\n";
    for (Source& source : sources)
        source.quotes.clear();
    for (const RankedSentence& sentence : choose(rank_sentences(question, context, sources))) {
        Source& source = sources[sentence.source];
        quotation.text +=
            fmt::format("\n{} [{}]\n", in_one_line(shortened(sentence.text)), source.index);
        source.quotes.push_back(sentence.text);
        if (std::ranges::find(quotation.citations, source.index) == quotation.citations.end())
            quotation.citations.push_back(source.index);
    }
    quotation.text.pop_back();
    return quotation;
}

}  // namespace moat::answers
