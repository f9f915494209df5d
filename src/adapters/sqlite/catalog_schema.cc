#include "adapters/sqlite/catalog_schema.h"

#include <array>

namespace moat::sqlite {
namespace {

// A document row goes away with its base, and a job with its document. `revision` counts the
// contents a document has had, so that work on an older one is recognised as such. Rows of
// `garbage` deliberately refer to nothing: they name what has just been removed.
constexpr std::string_view kKnowledge = R"sql(
CREATE TABLE knowledge_bases (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    embedding_model TEXT NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE knowledge_base_readers (
    base TEXT NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    reader TEXT NOT NULL,
    PRIMARY KEY (base, reader)
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    base TEXT NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL DEFAULT '',
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    stage TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    pages INTEGER NOT NULL DEFAULT 0,
    chunks INTEGER NOT NULL DEFAULT 0,
    warnings TEXT NOT NULL DEFAULT '[]',
    indexed_sha256 TEXT NOT NULL DEFAULT '',
    embedding_model TEXT NOT NULL DEFAULT '',
    updated_ms INTEGER NOT NULL,
    UNIQUE (base, name)
) STRICT;
CREATE INDEX documents_by_sha256 ON documents (sha256);
CREATE INDEX documents_by_indexed_sha256 ON documents (indexed_sha256);

CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL UNIQUE REFERENCES documents (id) ON DELETE CASCADE,
    not_before_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_time ON jobs (not_before_ms, number);

CREATE TABLE garbage (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    base TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;
)sql";

constexpr std::string_view kConversations = R"sql(
CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    knowledge_base TEXT NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX conversations_by_owner ON conversations (owner, updated_ms);

CREATE TABLE turns (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    sources TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation, ordinal)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array kMigrations{
    Migration{"knowledge bases", kKnowledge},
    Migration{"conversations", kConversations},
};

}  // namespace

std::span<const Migration> catalog_migrations() {
    return kMigrations;
}

}  // namespace moat::sqlite
