#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "answers/answerer.h"

// Questions that lean on the conversation before them ("and for interns?").
// Threads: any (pure).
namespace moat::answers {

// Does it point back (pronouns, "what about ...", 那……呢) or say too little to stand alone?
bool leans_on_history(std::string_view question);

// The question followed by the last ones of the user that it leans on: good enough to search
// by, without a model.
std::string merge_with_history(std::string_view question, const std::vector<Turn>& history);

// A model's rewriting, if it looks like one question; else empty.
std::string accept_rewriting(std::string_view reply);

}  // namespace moat::answers
