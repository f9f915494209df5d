#pragma once

#include <array>
#include <memory>
#include <vector>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include "adapters/rocksdb/damage_book.h"
#include "base/result.h"
#include "collections/key_value_store.h"

namespace moat::adapters::rocksdb_store {

// The column families: one for each space, and one with the catalog again, which is small and
// without which the rest is lost.
constexpr std::size_t kCatalogCopy = collections::kSpaceCount;
inline constexpr std::array<const char*, collections::kSpaceCount + 1> kFamilyNames{
    "default", "ids", "objects", "vectors", "log", "terms", "columns", "catalog_copy"
};

// The open database; snapshots keep it alive. Threads: any, once it is open.
struct Handle {
    explicit Handle(std::filesystem::path aside) : book(std::move(aside)) {}
    ~Handle();
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    rocksdb::ColumnFamilyHandle* family(collections::Space space) const {
        return families[static_cast<std::size_t>(space)];
    }
    // What a failed read is to a caller. The damage is noted, so that the next start sets it aside.
    Error read_error(const rocksdb::Status& status) const;

    mutable DamageBook book;
    std::unique_ptr<rocksdb::Env> environment;
    rocksdb::Options table_options;  // for reading a table by itself
    std::shared_ptr<rocksdb::Cache> cache;
    std::unique_ptr<rocksdb::DB> db;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
};

// Of a write, or of opening.
Error write_error(const rocksdb::Status& status);

// The store on it (store.cc).
std::unique_ptr<collections::KeyValueStore> make_store(std::shared_ptr<Handle> handle);

// Brings the catalog and its copy together: where one lost a table, it becomes what the other is.
// Errors: io, corrupt.
Status mend_catalog(Handle& handle);

}  // namespace moat::adapters::rocksdb_store
