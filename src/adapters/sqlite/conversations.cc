#include "adapters/sqlite/conversations.h"

#include "answers/source_json.h"
#include "base/json.h"

namespace moat::sqlite {
namespace {

using answers::Conversation;
using answers::Turn;

Error absent() {
    return Error{ErrorCode::not_found, "conversation not found"};
}

Conversation conversation_of(const Query& query) {
    return {
        .id = query.text(0),
        .title = query.text(1),
        .knowledge_base = query.text(2),
        .updated_at = from_unix_ms(query.integer(3)),
        .turns = {},
    };
}

// Makes the row or touches it; another owner's id is not_found.
Status touch(
    Connection& connection,
    const std::string& owner,
    const Conversation& conversation,
    std::int64_t now_ms
) {
    TRY_ASSIGN(
        const auto changed,
        connection.run(
            "INSERT INTO conversations (id, owner, title, knowledge_base, updated_ms) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "updated_ms = excluded.updated_ms, knowledge_base = excluded.knowledge_base "
            "WHERE owner = excluded.owner",
            {conversation.id, owner, conversation.title, conversation.knowledge_base, now_ms}
        )
    );
    return changed == 0 ? Status(absent()) : Status(Ok{});
}

Status add_turn(Connection& connection, const std::string& conversation, const Turn& turn) {
    TRY(connection.run(
        "INSERT INTO turns (conversation, ordinal, role, text, sources, at_ms) "
        "SELECT ?, coalesce(max(ordinal), 0) + 1, ?, ?, ?, ? FROM turns WHERE conversation = ?",
        {conversation,
         turn.role,
         turn.text,
         json::write(answers::to_json(turn.sources)),
         unix_ms(turn.at),
         conversation}
    ));
    return Ok{};
}

Status read_turns(Connection& connection, Conversation& conversation) {
    TRY_ASSIGN(
        Query query,
        connection.query(
            "SELECT role, text, sources, at_ms FROM turns WHERE conversation = ? ORDER BY ordinal",
            {conversation.id}
        )
    );
    while (true) {
        TRY_ASSIGN(const bool row, query.next());
        if (!row) return Ok{};
        TRY_ASSIGN(const json::Value sources, json::read(query.text(2)));
        conversation.turns.push_back(
            {.role = query.text(0),
             .text = query.text(1),
             .at = from_unix_ms(query.integer(3)),
             .sources = answers::sources_from_json(sources)}
        );
    }
}

}  // namespace

Status Conversations::append(const std::string& owner, const Conversation& conversation) {
    return database_.write([&](Connection& c) -> Status {
        TRY(touch(c, owner, conversation, unix_ms(clock_.now())));
        for (const Turn& turn : conversation.turns)
            TRY(add_turn(c, conversation.id, turn));
        return Ok{};
    });
}

Result<std::vector<Conversation>> Conversations::list(const std::string& owner) {
    return database_.read([&](Connection& c) -> Result<std::vector<Conversation>> {
        std::vector<Conversation> conversations;
        TRY_ASSIGN(
            Query query,
            c.query(
                "SELECT id, title, knowledge_base, updated_ms FROM conversations WHERE owner = ? "
                "ORDER BY updated_ms DESC, rowid DESC",
                {owner}
            )
        );
        while (true) {
            TRY_ASSIGN(const bool row, query.next());
            if (!row) return conversations;
            conversations.push_back(conversation_of(query));
        }
    });
}

Result<Conversation> Conversations::find(const std::string& owner, const std::string& id) {
    return database_.read([&](Connection& c) -> Result<Conversation> {
        TRY_ASSIGN(
            Query query,
            c.query(
                "SELECT id, title, knowledge_base, updated_ms FROM conversations "
                "WHERE id = ? AND owner = ?",
                {id, owner}
            )
        );
        TRY_ASSIGN(const bool found, query.next());
        if (!found) return absent();
        Conversation conversation = conversation_of(query);
        TRY(read_turns(c, conversation));
        return conversation;
    });
}

Status Conversations::remove(const std::string& owner, const std::string& id) {
    return database_.write([&](Connection& c) -> Status {
        TRY_ASSIGN(
            const auto removed,
            c.run("DELETE FROM conversations WHERE id = ? AND owner = ?", {id, owner})
        );
        return removed == 0 ? Status(absent()) : Status(Ok{});
    });
}

}  // namespace moat::sqlite
