#pragma once

#include <string_view>
#include <vector>

#include "knowledge/knowledge_bases.h"

namespace moat::answers {

// Do the passages have anything to do with the question? Retrieval always finds something; an
// answer from it would be invented.
//
// Decided by the share of the question's terms that one passage holds, and, where there are
// vectors, by the similarity of the closest passage. The thresholds come from public question sets
// asked against passages of their own and of other topics (docs/decisions).
// Threads: any (pure).
bool is_relevant(std::string_view question, const std::vector<knowledge::Passage>& passages);

}  // namespace moat::answers
