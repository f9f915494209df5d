#include "adapters/sqlite/catalog.h"
#include "adapters/sqlite/catalog_rows.h"

namespace moat::sqlite {
namespace {

using knowledge::Indexed;
using knowledge::Job;
using knowledge::StoredDocument;

Status remove_job(Connection& connection, const std::string& document) {
    TRY(connection.run("DELETE FROM jobs WHERE document = ?", {document}));
    return Ok{};
}

}  // namespace

Result<std::vector<Job>> Catalog::jobs(std::size_t limit) {
    return database_.read([&](Connection& c) -> Result<std::vector<Job>> {
        std::vector<Job> jobs;
        TRY_ASSIGN(
            Query query,
            c.query(
                "SELECT number, document, not_before_ms FROM jobs "
                "ORDER BY not_before_ms, number LIMIT ?",
                {static_cast<std::int64_t>(limit)}
            )
        );
        while (true) {
            TRY_ASSIGN(const bool row, query.next());
            if (!row) return jobs;
            jobs.push_back({query.integer(0), query.text(1), from_unix_ms(query.integer(2))});
        }
    });
}

Result<StoredDocument> Catalog::begin_job(const std::string& document) {
    return database_.write([&](Connection& c) -> Result<StoredDocument> {
        TRY_ASSIGN(
            const auto begun,
            c.run(
                "UPDATE documents SET attempts = attempts + 1 "
                "WHERE id = ? AND EXISTS (SELECT 1 FROM jobs WHERE document = ?)",
                {document, document}
            )
        );
        if (begun == 0) return Error{ErrorCode::not_found, "the job is gone"};
        return find_document(c, document);
    });
}

Result<bool> Catalog::finish_job(const Indexed& result) {
    return database_.write([&](Connection& c) -> Result<bool> {
        TRY_ASSIGN(
            const auto changed,
            c.run(
                "UPDATE documents SET stage = 'ready', error = '', media_type = ?, pages = ?, "
                "chunks = ?, warnings = ?, embedding_model = ?, indexed_sha256 = sha256, "
                "updated_ms = ? WHERE id = ? AND revision = ?",
                {result.media_type,
                 std::int64_t{result.pages},
                 result.chunks,
                 to_text(result.warnings),
                 result.embedding_model,
                 now_ms(),
                 result.document,
                 result.revision}
            )
        );
        if (changed == 0) return false;
        TRY(remove_job(c, result.document));
        return true;
    });
}

Result<bool> Catalog::fail_job(
    const std::string& document, std::int64_t revision, const std::string& error
) {
    return database_.write([&](Connection& c) -> Result<bool> {
        TRY_ASSIGN(
            const auto changed,
            c.run(
                // What can be searched stays so: only its re-embedding failed.
                "UPDATE documents SET "
                "stage = CASE WHEN indexed_sha256 = sha256 THEN 'ready' ELSE 'failed' END, "
                "error = CASE WHEN indexed_sha256 = sha256 THEN '' ELSE ? END, "
                "updated_ms = ? WHERE id = ? AND revision = ?",
                {error, now_ms(), document, revision}
            )
        );
        if (changed == 0) return false;
        TRY(remove_job(c, document));
        return true;
    });
}

Status Catalog::postpone_job(const std::string& document, Time not_before, bool uncount) {
    return database_.write([&](Connection& c) -> Status {
        TRY(c.run(
            "UPDATE jobs SET not_before_ms = ? WHERE document = ?", {unix_ms(not_before), document}
        ));
        if (uncount)
            TRY(c.run(
                "UPDATE documents SET attempts = attempts - 1 WHERE id = ? AND attempts > 0",
                {document}
            ));
        return Ok{};
    });
}

Result<std::int64_t> Catalog::queue_embedding(const std::string& base, const std::string& model) {
    return database_.write([&](Connection& c) -> Result<std::int64_t> {
        TRY(c.run(
            "UPDATE documents SET attempts = 0 WHERE base = ? AND stage = 'ready' "
            "AND embedding_model <> ?",
            {base, model}
        ));
        return c.run(
            "INSERT OR IGNORE INTO jobs (document, not_before_ms) "
            "SELECT id, 0 FROM documents WHERE base = ? AND stage = 'ready' "
            "AND embedding_model <> ? ORDER BY name",
            {base, model}
        );
    });
}

}  // namespace moat::sqlite
