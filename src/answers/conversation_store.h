#pragma once

#include <string>
#include <vector>

#include "answers/answerer.h"
#include "base/result.h"

namespace moat::answers {

// Conversations and their turns, each belonging to one principal. Implemented in adapters/.
//
// Threads: any. Every change is on disk when its call returns, whole or not at all.
// Errors:  not_found when the conversation is absent or another's; io, busy, corrupt.
class ConversationStore {
  public:
    virtual ~ConversationStore() = default;

    // Adds the turns to the end of the conversation, making it when absent (`conversation.id`,
    // title and knowledge_base are given by the caller; `turns` in it are those to add).
    virtual Status append(const std::string& owner, const Conversation& conversation) = 0;
    // Newest first, without turns.
    virtual Result<std::vector<Conversation>> list(const std::string& owner) = 0;
    virtual Result<Conversation> find(const std::string& owner, const std::string& id) = 0;
    virtual Status remove(const std::string& owner, const std::string& id) = 0;
};

}  // namespace moat::answers
