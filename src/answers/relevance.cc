#include "answers/relevance.h"

#include <algorithm>

#include "answers/scripts.h"
#include "answers/terms.h"

namespace moat::answers {
namespace {

// With vectors: coverage + kSimilarityWeight * similarity must reach this.
constexpr double kSimilarityWeight = 2.0;
constexpr double kEvidence = 1.12;
// By keywords only.
constexpr double kEnglishCoverage = 0.4;
constexpr double kChineseCoverage = 0.3;
// A long Chinese question shares fewer of its pairs with the passage that answers it; this many
// do not meet by chance.
constexpr double kLongChineseCoverage = 0.15;
constexpr double kLongChineseShared = 5;

TermSet terms_of(const knowledge::Passage& passage) {
    std::string text = passage.title + "\n" + passage.document + "\n";
    for (const std::string& heading : passage.headings)
        text += heading + "\n";
    return text_terms(text + passage.text);
}

}  // namespace

bool is_relevant(std::string_view question, const std::vector<knowledge::Passage>& passages) {
    const std::vector<std::string> terms = question_terms(question);
    double covered = 0;
    float similarity = -1;
    for (const knowledge::Passage& passage : passages) {
        covered = std::max(covered, coverage(terms, terms_of(passage)));
        similarity = std::max(similarity, passage.similarity.value_or(-1));
    }
    if (similarity > -1)
        return covered + kSimilarityWeight * static_cast<double>(similarity) >= kEvidence;
    if (language_of(question) == Language::english) return covered >= kEnglishCoverage;
    const double shared = covered * static_cast<double>(terms.size());
    return covered >= kChineseCoverage ||
           (covered >= kLongChineseCoverage && shared >= kLongChineseShared);
}

}  // namespace moat::answers
