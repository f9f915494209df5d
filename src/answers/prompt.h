#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "answers/answerer.h"
#include "models/chat.h"

// Prompts for chat models.
// Threads: any (pure).
namespace moat::answers {

struct PromptBudget {
    std::size_t context_tokens = 4096;
    std::size_t answer_tokens = 768;
};
// For a model trained on `context_length` tokens (0: not known).
PromptBudget budget_for(int context_length);

// The question over numbered passages, after the part of the conversation that fits. Sources that
// do not fit are removed from `sources`; the first always stays, cut if it must be.
std::vector<models::ChatMessage> answering_prompt(
    const std::string& question,
    const std::vector<Turn>& history,
    std::vector<Source>& sources,
    const PromptBudget& budget
);

// Plain chat.
std::vector<models::ChatMessage> chatting_prompt(
    const std::string& question, const std::vector<Turn>& history, const PromptBudget& budget
);

// Asks for the question as one that stands alone.
std::vector<models::ChatMessage> rewriting_prompt(
    const std::string& question, const std::vector<Turn>& history, const PromptBudget& budget
);

}  // namespace moat::answers
