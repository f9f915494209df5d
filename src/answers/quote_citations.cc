#include "answers/quote_citations.h"

#include <map>
#include <string>

#include "answers/citations.h"
#include "answers/sentences.h"
#include "answers/terms.h"
#include "documents/chunker.h"

namespace moat::answers {
namespace {

constexpr std::size_t kQuotes = 2;

// A citation often follows the full stop of its sentence, and so begins the next one.
bool begins_with_citation(std::string_view sentence) {
    return sentence.starts_with('[');
}

// What is said about each source.
std::map<int, std::string> statements(std::string_view answer) {
    std::map<int, std::string> by_source;
    std::string_view before;
    for (const std::string_view sentence : documents::split_sentences(answer)) {
        for (const int index : citations_in(sentence)) {
            std::string& statement = by_source[index];
            if (begins_with_citation(sentence)) statement += std::string(before) + "\n";
            statement += std::string(sentence) + "\n";
        }
        before = sentence;
    }
    return by_source;
}

}  // namespace

void quote_by_question(std::string_view question, std::vector<Source>& sources) {
    const std::vector<std::string> terms = question_terms(question);
    for (Source& source : sources)
        source.quotes = best_quotes(terms, source.text, kQuotes);
}

void quote_by_answer(
    std::string_view question, std::string_view answer, std::vector<Source>& sources
) {
    const std::map<int, std::string> by_source = statements(answer);
    for (Source& source : sources) {
        const auto found = by_source.find(source.index);
        if (found == by_source.end()) continue;
        const auto terms = question_terms(found->second + "\n" + std::string(question));
        auto quotes = best_quotes(terms, source.text, kQuotes);
        if (!quotes.empty()) source.quotes = std::move(quotes);
    }
}

}  // namespace moat::answers
