#pragma once

#include "adapters/sqlite/database.h"
#include "answers/conversation_store.h"
#include "base/clock.h"

namespace moat::sqlite {

// answers::ConversationStore on tables of catalog.db.
// Threads: any. Borrows: the database and the clock.
class Conversations final : public answers::ConversationStore {
  public:
    Conversations(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

    Status append(const std::string& owner, const answers::Conversation& conversation) override;
    Result<std::vector<answers::Conversation>> list(const std::string& owner) override;
    Result<answers::Conversation> find(const std::string& owner, const std::string& id) override;
    Status remove(const std::string& owner, const std::string& id) override;

  private:
    Database& database_;
    const Clock& clock_;
};

}  // namespace moat::sqlite
