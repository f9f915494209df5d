#include "adapters/sqlite/key_storage.h"

#include <array>
#include <sys/stat.h>

#include "base/file.h"

namespace moat::sqlite {
namespace {

constexpr std::array<Migration, 1> kMigrations = {{
    {"keys", R"(
        CREATE TABLE keys (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
            sha256 TEXT NOT NULL UNIQUE,
            created_ms INTEGER NOT NULL,
            last_used_ms INTEGER
        ) STRICT;
    )"},
}};

Result<access::KeyStorage::Record> read_record(const Query& row) {
    access::KeyStorage::Record out;
    out.key.id = row.text(0);
    out.key.name = row.text(1);
    out.key.role = row.text(2) == "admin" ? Role::admin : Role::user;
    auto hash = parse_sha256(row.text(3));
    if (!hash) return Error{ErrorCode::corrupt, "a stored key has no digest"};
    out.hash = *hash;
    out.key.created_at = from_unix_ms(row.integer(4));
    if (!row.is_null(5)) out.key.last_used_at = from_unix_ms(row.integer(5));
    return out;
}

}  // namespace

Result<std::unique_ptr<KeyStorage>> KeyStorage::open(const std::filesystem::path& path) {
    TRY(make_directories(path.parent_path()));
    // Only digests are in there, but names and uses are nobody else's business either.
    if (::chmod(path.parent_path().c_str(), S_IRWXU) != 0)
        return Error{ErrorCode::io, "cannot restrict the keys folder to its owner"};
    TRY_ASSIGN(auto database, Database::open(path, kMigrations));
    return std::unique_ptr<KeyStorage>(new KeyStorage(std::move(database)));
}

Status KeyStorage::insert(const Record& record) {
    return database_->write([&](Connection& c) -> Status {
        const std::string hash = record.hash.hex();
        TRY(c.run(
            "INSERT INTO keys (id, name, role, sha256, created_ms) VALUES (?, ?, ?, ?, ?)",
            {record.key.id,
             record.key.name,
             record.key.role == Role::admin ? "admin" : "user",
             hash,
             unix_ms(record.key.created_at)}
        ));
        return Ok{};
    });
}

Result<std::vector<access::KeyStorage::Record>> KeyStorage::list() {
    return database_->read([](Connection& c) -> Result<std::vector<Record>> {
        std::vector<Record> out;
        TRY_ASSIGN(
            Query query,
            c.query("SELECT id, name, role, sha256, created_ms, last_used_ms FROM keys "
                    "ORDER BY created_ms, id")
        );
        while (true) {
            TRY_ASSIGN(const bool row, query.next());
            if (!row) return out;
            TRY_ASSIGN(Record record, read_record(query));
            out.push_back(std::move(record));
        }
    });
}

Status KeyStorage::remove(const std::string& id) {
    return database_->write([&](Connection& c) -> Status {
        TRY_ASSIGN(const auto removed, c.run("DELETE FROM keys WHERE id = ?", {id}));
        if (removed == 0) return Error{ErrorCode::not_found, "no such key"};
        return Ok{};
    });
}

Status KeyStorage::set_last_used(const std::string& id, Time time) {
    return database_->write([&](Connection& c) -> Status {
        // A key revoked in the meantime has no row, and needs none.
        TRY(c.run("UPDATE keys SET last_used_ms = ? WHERE id = ?", {unix_ms(time), id}));
        return Ok{};
    });
}

}  // namespace moat::sqlite
