#include "adapters/sqlite/catalog.h"

namespace moat::sqlite {
namespace {

using knowledge::BaseRecord;

constexpr std::string_view kSelect =
    "SELECT b.id, b.name, b.owner, b.embedding_model, b.created_ms, "
    "(SELECT count(*) FROM documents d WHERE d.base = b.id), "
    "(SELECT coalesce(sum(d.chunks), 0) FROM documents d WHERE d.base = b.id) "
    "FROM knowledge_bases b ";

BaseRecord base_of(const Query& query) {
    BaseRecord record;
    record.base.id = query.text(0);
    record.base.name = query.text(1);
    record.base.owner = query.text(2);
    record.base.embedding_model = query.text(3);
    record.base.created_at = from_unix_ms(query.integer(4));
    record.base.documents = query.integer(5);
    record.base.chunks = query.integer(6);
    return record;
}

Status read_readers(Connection& connection, BaseRecord& record) {
    TRY_ASSIGN(
        Query query,
        connection.query(
            "SELECT reader FROM knowledge_base_readers WHERE base = ? ORDER BY reader",
            {record.base.id}
        )
    );
    while (true) {
        TRY_ASSIGN(const bool row, query.next());
        if (!row) return Ok{};
        record.readers.push_back(query.text(0));
    }
}

Result<std::vector<BaseRecord>> select(
    Connection& connection, std::string_view rest, std::initializer_list<Value> values
) {
    std::vector<BaseRecord> records;
    const std::string sql = std::string(kSelect) + std::string(rest);
    TRY_ASSIGN(Query query, connection.query(sql, values));
    while (true) {
        TRY_ASSIGN(const bool row, query.next());
        if (!row) return records;
        records.push_back(base_of(query));
        TRY(read_readers(connection, records.back()));
    }
}

Result<BaseRecord> select_one(
    Connection& connection, std::string_view rest, const std::string& value
) {
    TRY_ASSIGN(std::vector<BaseRecord> found, select(connection, rest, {value}));
    if (found.empty()) return Error{ErrorCode::not_found, "knowledge base not found"};
    return std::move(found.front());
}

}  // namespace

Status Catalog::add_base(const knowledge::KnowledgeBase& base) {
    Status added = database_.write([&](Connection& c) -> Status {
        TRY(c.run(
            "INSERT INTO knowledge_bases (id, name, owner, embedding_model, created_ms) "
            "VALUES (?, ?, ?, ?, ?)",
            {base.id, base.name, base.owner, base.embedding_model, unix_ms(base.created_at)}
        ));
        return Ok{};
    });
    if (!added && added.error().code == ErrorCode::conflict)
        return Error{ErrorCode::conflict, "a knowledge base of this name exists"};
    return added;
}

Result<BaseRecord> Catalog::find_base(const std::string& name) {
    return database_.read([&](Connection& c) { return select_one(c, "WHERE b.name = ?", name); });
}

Result<BaseRecord> Catalog::find_base_by_id(const std::string& id) {
    return database_.read([&](Connection& c) { return select_one(c, "WHERE b.id = ?", id); });
}

Result<std::vector<BaseRecord>> Catalog::bases() {
    return database_.read([](Connection& c) { return select(c, "ORDER BY b.name", {}); });
}

Status Catalog::set_readers(const std::string& base, const std::vector<std::string>& readers) {
    return database_.write([&](Connection& c) -> Status {
        TRY(c.run("DELETE FROM knowledge_base_readers WHERE base = ?", {base}));
        for (const std::string& reader : readers)
            TRY(c.run(
                "INSERT OR IGNORE INTO knowledge_base_readers (base, reader) VALUES (?, ?)",
                {base, reader}
            ));
        return Ok{};
    });
}

Result<std::string> Catalog::set_embedding_model(
    const std::string& base, const std::string& model
) {
    return database_.write([&](Connection& c) -> Result<std::string> {
        TRY(c.run(
            "UPDATE knowledge_bases SET embedding_model = ? WHERE id = ? AND embedding_model = ''",
            {model, base}
        ));
        TRY_ASSIGN(
            Query query, c.query("SELECT embedding_model FROM knowledge_bases WHERE id = ?", {base})
        );
        TRY_ASSIGN(const bool found, query.next());
        if (!found) return Error{ErrorCode::not_found, "knowledge base not found"};
        return query.text(0);
    });
}

Status Catalog::remove_base(const std::string& base) {
    return database_.write([&](Connection& c) -> Status {
        TRY(c.run("INSERT INTO garbage (base, document) VALUES (?, '')", {base}));
        TRY(c.run("DELETE FROM knowledge_bases WHERE id = ?", {base}));
        return Ok{};
    });
}

Result<std::vector<knowledge::Garbage>> Catalog::garbage() {
    return database_.read([](Connection& c) -> Result<std::vector<knowledge::Garbage>> {
        std::vector<knowledge::Garbage> all;
        TRY_ASSIGN(
            Query query, c.query("SELECT number, base, document FROM garbage ORDER BY number")
        );
        while (true) {
            TRY_ASSIGN(const bool row, query.next());
            if (!row) return all;
            all.push_back({query.integer(0), query.text(1), query.text(2)});
        }
    });
}

Status Catalog::garbage_removed(std::int64_t number) {
    return database_.write([&](Connection& c) -> Status {
        TRY(c.run("DELETE FROM garbage WHERE number = ?", {number}));
        return Ok{};
    });
}

}  // namespace moat::sqlite
