#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <rocksdb/file_system.h>

namespace moat {

// The files of a store, on a disk whose power can fail.
//
// A disk promises less than a running system shows. What was appended to a file is certain only
// after a sync of that file; that a file exists, has its name or is gone, only after a sync of its
// folder. When the power fails, settle() does to the real files what a disk may do: of what was not
// synced it keeps a part, in blocks and in any order; names that were not synced are as before, or
// not.
//
// Threads: any.
class LossyFileSystem final : public rocksdb::FileSystemWrapper {
  public:
    explicit LossyFileSystem(const std::shared_ptr<rocksdb::FileSystem>& below)
        : FileSystemWrapper(below) {}

    // At the `operations`-th write, sync or change of a name from now on the power fails: settle()
    // does its work and the process ends, with status 0.
    void cut_power_after(std::uint64_t operations, std::uint64_t seed);

    const char* Name() const override { return "LossyFileSystem"; }

    rocksdb::IOStatus NewWritableFile(
        const std::string& path,
        const rocksdb::FileOptions& options,
        std::unique_ptr<rocksdb::FSWritableFile>* file,
        rocksdb::IODebugContext* context
    ) override;
    rocksdb::IOStatus ReopenWritableFile(
        const std::string& path,
        const rocksdb::FileOptions& options,
        std::unique_ptr<rocksdb::FSWritableFile>* file,
        rocksdb::IODebugContext* context
    ) override;
    rocksdb::IOStatus ReuseWritableFile(
        const std::string& path,
        const std::string& old_path,
        const rocksdb::FileOptions& options,
        std::unique_ptr<rocksdb::FSWritableFile>* file,
        rocksdb::IODebugContext* context
    ) override;
    rocksdb::IOStatus NewDirectory(
        const std::string& path,
        const rocksdb::IOOptions& options,
        std::unique_ptr<rocksdb::FSDirectory>* directory,
        rocksdb::IODebugContext* context
    ) override;
    rocksdb::IOStatus DeleteFile(
        const std::string& path, const rocksdb::IOOptions& options, rocksdb::IODebugContext* context
    ) override;
    rocksdb::IOStatus RenameFile(
        const std::string& from,
        const std::string& to,
        const rocksdb::IOOptions& options,
        rocksdb::IODebugContext* context
    ) override;

  private:
    friend class LossyFile;
    friend class LossyDirectory;

    // Names that are not on the disk yet, oldest first; undone from the newest.
    struct NameChange {
        enum class Kind : std::uint8_t { created, renamed, removed } kind;
        std::string path;
        std::string former;  // renamed: the old name
        std::string kept;    // where the file lies that this change removed; empty: none
    };

    void begin_operation();
    void settle(std::mt19937_64& random);
    void appended(const std::string& path, std::uint64_t bytes);
    void synced(const std::string& path);
    void names_synced(const std::string& folder);
    void note_created(const std::string& path);
    std::string keep_aside(const std::string& path);
    static void lose_content(
        const std::string& path, std::uint64_t certain, std::mt19937_64& random
    );

    std::mutex mutex_;
    std::uint64_t operations_ = 0;
    std::uint64_t cut_at_ = 0;  // 0: never
    std::mt19937_64 random_;
    std::map<std::string, std::uint64_t> size_;     // of files opened for writing, by name
    std::map<std::string, std::uint64_t> certain_;  // how much of them is synced
    std::vector<NameChange> names_;
    std::uint64_t kept_count_ = 0;
};

}  // namespace moat
