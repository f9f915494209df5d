#include "adapters/sqlite/catalog.h"
#include "adapters/sqlite/catalog_rows.h"
#include "base/ids.h"

namespace moat::sqlite {
namespace {

using knowledge::NewDocument;
using knowledge::Stage;
using knowledge::StoredDocument;

Result<std::string> find_id(Connection& connection, const NewDocument& document) {
    TRY_ASSIGN(
        Query query,
        connection.query(
            "SELECT id FROM documents WHERE base = ? AND name = ?", {document.base, document.name}
        )
    );
    TRY_ASSIGN(const bool found, query.next());
    return found ? query.text(0) : std::string();
}

Status queue_job(Connection& connection, const std::string& document) {
    // An existing job starts over at once: its backoff belonged to the older content.
    TRY(connection.run(
        "INSERT INTO jobs (document, not_before_ms) VALUES (?, 0) "
        "ON CONFLICT (document) DO UPDATE SET not_before_ms = 0",
        {document}
    ));
    return Ok{};
}

Result<std::string> insert(
    Connection& connection, const NewDocument& document, std::int64_t now_ms
) {
    const std::string id = random_uuid().text();
    TRY(connection.run(
        "INSERT INTO documents (id, base, name, sha256, bytes, stage, updated_ms) "
        "VALUES (?, ?, ?, ?, ?, 'queued', ?)",
        {id, document.base, document.name, document.sha256, document.bytes, now_ms}
    ));
    return id;
}

Status change(
    Connection& connection, const std::string& id, const NewDocument& document, std::int64_t now_ms
) {
    TRY(connection.run(
        "UPDATE documents SET sha256 = ?, bytes = ?, revision = revision + 1, stage = 'queued', "
        "error = '', attempts = 0, updated_ms = ? WHERE id = ?",
        {document.sha256, document.bytes, now_ms, id}
    ));
    return Ok{};
}

}  // namespace

Result<StoredDocument> Catalog::put_document(const NewDocument& document) {
    return database_.write([&](Connection& c) -> Result<StoredDocument> {
        TRY_ASSIGN(std::string id, find_id(c, document));
        if (id.empty()) {
            TRY_ASSIGN(id, insert(c, document, now_ms()));
        } else {
            TRY_ASSIGN(StoredDocument now, find_document(c, id));
            const bool failed = now.record.stage == Stage::failed;
            if (now.record.sha256 == document.sha256 && !failed) return now;
            TRY(change(c, id, document, now_ms()));
        }
        TRY(queue_job(c, id));
        return find_document(c, id);
    });
}

Result<StoredDocument> Catalog::document(const std::string& id) {
    return database_.read([&](Connection& c) { return find_document(c, id); });
}

Result<std::vector<StoredDocument>> Catalog::documents(const std::string& base) {
    return database_.read([&](Connection& c) -> Result<std::vector<StoredDocument>> {
        std::vector<StoredDocument> documents;
        const std::string sql = "SELECT " + std::string(kDocumentColumns) +
                                " FROM documents WHERE base = ? ORDER BY name";
        TRY_ASSIGN(Query query, c.query(sql, {base}));
        while (true) {
            TRY_ASSIGN(const bool row, query.next());
            if (!row) return documents;
            TRY_ASSIGN(StoredDocument document, document_of(query));
            documents.push_back(std::move(document));
        }
    });
}

Status Catalog::remove_document(const std::string& id) {
    return database_.write([&](Connection& c) -> Status {
        TRY(c.run(
            "INSERT INTO garbage (base, document) SELECT base, id FROM documents WHERE id = ?", {id}
        ));
        TRY_ASSIGN(const auto removed, c.run("DELETE FROM documents WHERE id = ?", {id}));
        if (removed == 0) return Error{ErrorCode::not_found, "document not found"};
        return Ok{};
    });
}

Result<bool> Catalog::uses_content(const std::string& sha256) {
    return database_.read([&](Connection& c) -> Result<bool> {
        TRY_ASSIGN(
            Query query,
            c.query(
                "SELECT 1 FROM documents WHERE sha256 = ? "
                "UNION ALL SELECT 1 FROM documents WHERE indexed_sha256 = ? LIMIT 1",
                {sha256, sha256}
            )
        );
        return query.next();
    });
}

}  // namespace moat::sqlite
