#pragma once

#include <filesystem>
#include <string_view>

#include <rocksdb/file_system.h>

#include "adapters/rocksdb/damage_book.h"
#include "base/result.h"

namespace moat::adapters::rocksdb_store {

// Stands in each synced commit's log record, where nothing but this reads it.
inline constexpr std::string_view kSyncedMark = "synced";

// Before a store is opened: looks for damage inside its write-ahead logs.
//
// RocksDB goes on to the first record that does not hold together and drops the rest, which is
// right after a power loss: it was not synced. Where two synced records follow, it was: the second
// was begun after the first was on the disk. Then a bit has flipped, or the disk cannot be read
// there; the log is written anew without the damaged records, so that the later ones count, and the
// former file goes to the book's folder. The same for a log that cannot be read to its end. What
// was in the damaged records is not known, so the book has it that any collection lost something.
//
// Errors: io.
Status mend_logs(rocksdb::FileSystem& files, const std::filesystem::path& folder, DamageBook& book);

}  // namespace moat::adapters::rocksdb_store
