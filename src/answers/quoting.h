#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "answers/answerer.h"

namespace moat::answers {

// An answer made of the best sentences of the sources, for when no chat model is installed.
struct Quotation {
    std::string text;            // a notice, then one to four sentences with their [n]
    std::vector<int> citations;  // in order of first use
};

// `context`: the question as it was searched by, with what a follow-up leans on. Fills in the
// quotes of the sources it uses. Threads: any (pure).
Quotation quote(std::string_view question, std::string_view context, std::vector<Source>& sources);

}  // namespace moat::answers
