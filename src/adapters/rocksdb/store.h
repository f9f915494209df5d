#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "base/result.h"
#include "collections/key_value_store.h"

namespace rocksdb {
class Env;
}

namespace moat::adapters::rocksdb_store {

struct Options {
    std::size_t cache_bytes = std::size_t{256} << 20;   // filled as blocks are read
    std::size_t buffer_bytes = std::size_t{128} << 20;  // of writes that are in the log only
    rocksdb::Env* environment = nullptr;  // where files are; null: the system's. Tests lose power
};

// A KeyValueStore on RocksDB: one write-ahead log for all spaces, synced by a synced commit, with
// concurrent commits joined into one sync. Every block and log record has a checksum. Opening
// keeps the log up to the first record that does not hold together, which is where the power
// went: what was acknowledged stands before it. The list of files is kept twice and mended
// (mending.h).
//
// Owns: `folder`, locked against other processes. Errors: io, corrupt, conflict (in use).
Result<std::unique_ptr<collections::KeyValueStore>> open_store(
    const std::filesystem::path& folder, const Options& options = {}
);

}  // namespace moat::adapters::rocksdb_store
