#include "adapters/sqlite/catalog_rows.h"

#include "base/json.h"

namespace moat::sqlite {
namespace {

std::vector<std::string> warnings_of(const std::string& text) {
    std::vector<std::string> warnings;
    const auto value = json::read(text);
    if (!value || !value->is_array()) return warnings;
    for (const json::Value& item : value->get_array())
        if (item.is_string()) warnings.emplace_back(json::view(item.get_string()));
    return warnings;
}

}  // namespace

Result<knowledge::StoredDocument> document_of(const Query& query) {
    knowledge::StoredDocument document;
    knowledge::DocumentRecord& record = document.record;
    record.id = query.text(0);
    record.knowledge_base = query.text(1);
    record.name = query.text(2);
    record.media_type = query.text(3);
    record.sha256 = query.text(4);
    record.bytes = query.integer(5);
    document.revision = query.integer(6);
    TRY_ASSIGN(record.stage, knowledge::parse_stage(query.text(7)));
    record.error = query.text(8);
    record.attempts = static_cast<int>(query.integer(9));
    record.pages = static_cast<int>(query.integer(10));
    record.chunks = query.integer(11);
    record.warnings = warnings_of(query.text(12));
    document.indexed_sha256 = query.text(13);
    document.embedding_model = query.text(14);
    record.updated_at = from_unix_ms(query.integer(15));
    return document;
}

Result<knowledge::StoredDocument> find_document(Connection& connection, const std::string& id) {
    static const std::string sql =
        "SELECT " + std::string(kDocumentColumns) + " FROM documents WHERE id = ?";
    TRY_ASSIGN(Query query, connection.query(sql, {id}));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return Error{ErrorCode::not_found, "document not found"};
    return document_of(query);
}

std::string to_text(const std::vector<std::string>& warnings) {
    json::Array array;
    for (const std::string& warning : warnings)
        array.emplace_back(warning);
    return json::write(array);
}

}  // namespace moat::sqlite
