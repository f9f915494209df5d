#pragma once

#include <string_view>
#include <vector>

#include "answers/answerer.h"

// Which sentences of a source to show beside an answer. Threads: any (pure).
namespace moat::answers {

// Before there is an answer: those that fit the question.
void quote_by_question(std::string_view question, std::vector<Source>& sources);
// Of every source the answer cites: those that fit the sentences which cite it. Sources it does
// not cite keep the quotes they have.
void quote_by_answer(
    std::string_view question, std::string_view answer, std::vector<Source>& sources
);

}  // namespace moat::answers
