#pragma once

#include <string>
#include <vector>

#include "adapters/sqlite/connection.h"
#include "knowledge/catalog.h"

// Rows of the catalog's tables as structs; used by the files of sqlite::Catalog only.
namespace moat::sqlite {

// The columns document_of() reads, in its order.
inline constexpr std::string_view kDocumentColumns =
    "id, base, name, media_type, sha256, bytes, revision, stage, error, attempts, pages, chunks, "
    "warnings, indexed_sha256, embedding_model, updated_ms";

Result<knowledge::StoredDocument> document_of(const Query& query);
// Errors: not_found.
Result<knowledge::StoredDocument> find_document(Connection& connection, const std::string& id);

std::string to_text(const std::vector<std::string>& warnings);

}  // namespace moat::sqlite
