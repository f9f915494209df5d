#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <rocksdb/file_system.h>

#include "base/result.h"

namespace moat::adapters::rocksdb_store {

// Before a store is opened: sees to it that CURRENT names a manifest that can be read to its end.
//
// A manifest's end that was never synced may be on the disk in part; what such a record would have
// said is not true yet, because RocksDB acts on a record after its sync, so it is cut off. What is
// damaged before the end comes from the manifest's copy (twofold_files.h), piece by piece. The file
// as it was is put into `aside` where more than an unsynced end was wrong with it.
//
// Returns what was done, a sentence each. Errors: corrupt, when both copies are damaged in the same
// place at the beginning; io.
Result<std::vector<std::string>> mend_manifest(
    rocksdb::FileSystem& files,
    const std::filesystem::path& folder,
    const std::filesystem::path& aside
);

// All that can be read of a file: up to its end, or to where the disk fails. Empty when it is not
// there. Errors: io (it cannot be opened, or not be read for a reason that is not the disk's).
Result<std::string> readable_part(rocksdb::FileSystem& files, const std::filesystem::path& path);

// Whether the disk itself failed: not a right that is missing, or too many open files.
bool is_disk_failure(const rocksdb::Status& status);

// The number in a name like "MANIFEST-000012" after `prefix`, or 0.
std::uint64_t number_in_name(std::string_view name, std::string_view prefix);

// Gives a file a second name in `aside`, which is made: its own, and perhaps a number. The first
// one is the caller's to remove or to write over. Errors: io.
Result<std::filesystem::path> link_aside(
    const std::filesystem::path& file, const std::filesystem::path& aside
);

}  // namespace moat::adapters::rocksdb_store
