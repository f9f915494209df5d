#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "base/sha256.h"

namespace moat::models {

// What is known about the digests of blobs on this machine: one JSON file, checked.json in the
// store (docs/formats/models.md). What it says about a blob counts only while the file's size and
// time of change are as they were, so a file that was replaced is unknown again.
//
// Threads: any. A file that is lost or unreadable only means that nothing is known.
class BlobChecks {
  public:
    explicit BlobChecks(std::filesystem::path file) : file_(std::move(file)) {}

    // Whether the blob at `path` had its digest when it was last hashed; nothing when it never was.
    std::optional<bool> find(const Sha256& digest, const std::filesystem::path& path);
    // Cost: rewrites the file, synced.
    Status record(const Sha256& digest, const std::filesystem::path& path, bool good);

  private:
    struct Entry {
        std::int64_t size = 0;
        std::int64_t modified_ns = 0;
        bool good = false;
    };
    void load();
    Status store() const;
    static std::optional<Entry> stat_of(const std::filesystem::path& path);

    const std::filesystem::path file_;
    std::mutex mutex_;
    bool loaded_ = false;              // guarded by mutex_
    std::map<Sha256, Entry> entries_;  // guarded by mutex_
};

}  // namespace moat::models
