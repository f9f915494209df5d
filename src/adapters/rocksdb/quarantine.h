#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include <rocksdb/options.h>

#include "adapters/rocksdb/damage_book.h"
#include "base/result.h"
#include "collections/key_value_store.h"

namespace moat::adapters::rocksdb_store {

// Takes tables that cannot be read out of a store that is not open.
//
// A table is a file of up to 64 MB in blocks of 16 KB, each with a checksum. One with a bad block
// is moved into the book's folder and is no part of the store from then on; its intact blocks can
// still be read there. RocksDB's own repair is not used: it puts all tables into one level, and
// then answers with a former value where a key was written twice
// (docs/decisions/0019-damaged-stores.md).
class Quarantine {
  public:
    Quarantine(rocksdb::Options options, std::filesystem::path folder, DamageBook& book)
        : options_(std::move(options)), folder_(std::move(folder)), book_(book) {}

    // Reads all of these tables, as far as they belong to the store (0 stands for all that do), and
    // sets aside the damaged ones; whether there was one. Errors: io, corrupt.
    Result<bool> look_at(const std::set<std::uint64_t>& numbers);

  private:
    // Errors: io, when it is not the disk that fails.
    Result<bool> is_intact(const std::filesystem::path& table) const;

    const rocksdb::Options options_;
    const std::filesystem::path folder_;
    DamageBook& book_;
};

// Gives what can be read of a table: keys in [begin, end), which are at least eight bytes long.
// Errors: those of `visit`.
Status read_around_damage(
    const rocksdb::Options& options,
    const std::filesystem::path& table,
    std::string_view begin,
    std::string_view end,
    const collections::KeyValueStore::Visit& visit
);

}  // namespace moat::adapters::rocksdb_store
