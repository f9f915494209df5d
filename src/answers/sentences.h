#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "answers/answerer.h"
#include "answers/terms.h"

namespace moat::answers {

// A sentence (or the row of a table, or a whole record) of a source, with how well it answers.
struct RankedSentence {
    std::size_t source = 0;    // index into the sources, from 0
    std::size_t position = 0;  // among the sentences of its source
    std::string text;
    double score = 0;
};

// Scores every sentence of the sources against the question: the rarer the terms they share, the
// better, in a sentence of ordinary length; terms that only `context` has (what a follow-up leans
// on) count less; bare headings and fragments count less, and a question
// for a number prefers sentences that hold one. Sentences that share nothing are left out.
//
// Threads: any (pure). Cost: linear in the text. Best first.
std::vector<RankedSentence> rank_sentences(
    std::string_view question, std::string_view context, const std::vector<Source>& sources
);

// The up to `limit` sentences of one text that have most in common with `terms`, in their order.
std::vector<std::string> best_quotes(
    const std::vector<std::string>& terms, const std::string& text, std::size_t limit
);

}  // namespace moat::answers
