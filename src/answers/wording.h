#pragma once

#include <string>
#include <string_view>

#include "answers/scripts.h"

// What the answers say in their own words, in the language of the question.
namespace moat::answers {

std::string quoting_notice(Language language);
std::string nothing_found(Language language, std::string_view knowledge_base);
std::string no_chat_model(Language language);

// Instructions to the chat model.
std::string answering_instructions(Language language);
std::string chatting_instructions(Language language);
std::string rewriting_instructions(Language language);

std::string question_label(Language language);

}  // namespace moat::answers
