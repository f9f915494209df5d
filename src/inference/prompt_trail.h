#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inference/engine.h"

// Which prompts a runner has seen lately, by how they begin. Of several runners of one model a
// prompt goes to the one that has computed most of it already.
// Threads: one at a time.
namespace moat::inference {

// One number for each piece of a prompt's beginning, each of all before it too. Prompts of
// different sharing domains have none in common, but for what is public of them.
using PromptMarks = std::vector<std::uint64_t>;
PromptMarks marks_of(const GenerateRequest& request);

class PromptTrail {
  public:
    // How many pieces of the prompt it has seen.
    std::size_t seen(const PromptMarks& marks) const;
    void add(const PromptMarks& marks);

  private:
    std::unordered_map<std::uint64_t, std::size_t> counts_;  // in order_
    std::deque<std::uint64_t> order_;                        // oldest first
};

}  // namespace moat::inference
