#pragma once

#include <cstdint>
#include <vector>

#include "inference/grammar.h"

namespace moat::inference {

using GrammarSequence = std::vector<Grammar::Symbol>;
using GrammarAlternatives = std::vector<GrammarSequence>;  // of one rule

// The rules of one circle in which each begins with the next and has more to come: entering them
// would never end. Empty when there is no such. (Where nothing is to come, as in a repetition of
// what may be empty, entering again changes nothing.)
// Threads: any. Cost: linear in the symbols.
std::vector<std::uint32_t> left_recursion(const std::vector<GrammarAlternatives>& rules);

}  // namespace moat::inference
