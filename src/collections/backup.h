#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"
#include "collections/key_value_store.h"
#include "collections/keys.h"

// Backups: a folder with one archive for each collection (archive.h) and, written last,
// backup.json, which says what there must be. A folder without it is no backup yet.
// docs/formats/backups.md has both, byte by byte.
namespace moat::collections {

inline constexpr std::string_view kBackupManifestName = "backup.json";
// Whether an archive may be named so: "<digits>.archive".
bool is_archive_name(std::string_view name);

struct BackedUpCollection {
    std::string name;
    std::string file;  // in the folder
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
    Sha256 sha256;
};

struct BackupManifest {
    std::int64_t created_ms = 0;
    std::vector<BackedUpCollection> collections;

    const BackedUpCollection* find(std::string_view name) const;
};

// Errors: not_found (no backup), corrupt, unsupported (a newer version), io.
Result<BackupManifest> read_backup_manifest(const std::filesystem::path& folder);
// Makes a folder of archives a backup. Errors: io.
Status write_backup_manifest(const std::filesystem::path& folder, const BackupManifest& manifest);

// Whether the archive is the one that was written. Cost: reads all of it.
// Errors: corrupt, naming the file; io.
Status verify_archive(const std::filesystem::path& folder, const BackedUpCollection& collection);

// Objects done so far; called now and then.
using BackupProgress = std::function<void(std::uint64_t objects)>;

// Writes what the collection named `name` holds in `snapshot`, tenants included, to a new file in
// `folder`. Errors: not_found, cancelled, io, corrupt.
Result<BackedUpCollection> archive_collection(
    const KeyValueSnapshot& snapshot,
    const std::string& name,
    const std::filesystem::path& folder,
    const BackupProgress& progress,
    const std::stop_token& stop
);

// Puts an archive into the store as the collection `name`, which appears whole or, after an error
// or a crash, not at all. `take_numbers` gives the first of so many new collection numbers.
// Errors: cancelled, io, corrupt, unsupported.
Status restore_collection(
    KeyValueStore& store,
    const std::filesystem::path& archive,
    const std::string& name,
    const std::function<Result<CollectionNumber>(std::size_t count)>& take_numbers,
    const BackupProgress& progress,
    const std::stop_token& stop
);

// Collection numbers [first, first + count) that are being filled. What a crash leaves of them is
// removed by remove_unfinished_restorations(), unless end_numbers() was committed. Errors: io.
Status begin_numbers(KeyValueStore& store, CollectionNumber first, std::size_t count);
void end_numbers(KeyValueBatch& changes, CollectionNumber first);
// Adds the removal of all that there is under the numbers.
void remove_numbers(KeyValueBatch& changes, CollectionNumber first, std::uint64_t count);

// Removes what restorations left that did not come to their end. Errors: io.
Status remove_unfinished_restorations(KeyValueStore& store);

}  // namespace moat::collections
