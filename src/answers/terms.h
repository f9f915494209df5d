#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

// The words of a text that carry its meaning, for comparing a question with sentences.
//
// Latin words are lower-cased, cut to a rough stem, and left out when they say nothing ("the",
// "what"). Chinese is cut into pairs of neighbouring characters after words that only ask ("多少",
// "怎么") are taken out; a single character left alone counts as a term.
//
// Threads: any (pure). Cost: linear.
namespace moat::answers {

using TermSet = std::set<std::string, std::less<>>;

// Of a question: in order, each once.
std::vector<std::string> question_terms(std::string_view question);
// Of any other text.
TermSet text_terms(std::string_view text);
// The share of `question` that `text` holds, in [0, 1]; 0 for a question without terms.
double coverage(const std::vector<std::string>& question, const TermSet& text);

}  // namespace moat::answers
