#include "lossy_file_system.h"

#include <algorithm>
#include <fstream>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace moat {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

namespace {

constexpr std::uint64_t kSector = 512;  // what a disk writes whole or not at all

}  // namespace

class LossyFile final : public rocksdb::FSWritableFileOwnerWrapper {
  public:
    LossyFile(
        LossyFileSystem& system, std::string path, std::unique_ptr<rocksdb::FSWritableFile>&& file
    )
        : FSWritableFileOwnerWrapper(std::move(file)), system_(system), path_(std::move(path)) {}

    IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* context)
        override {
        system_.begin_operation();
        auto status = target()->Append(data, options, context);
        // Through, so that what settle() finds in the file is what was appended.
        if (status.ok()) status = target()->Flush(options, context);
        if (status.ok()) system_.appended(path_, data.size());
        return status;
    }
    IOStatus Append(
        const rocksdb::Slice& data,
        const IOOptions& options,
        const rocksdb::DataVerificationInfo&,
        IODebugContext* context
    ) override {
        return Append(data, options, context);
    }
    IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
        system_.begin_operation();
        auto status = target()->Flush(options, context);
        if (status.ok()) system_.synced(path_);  // the real disk need not be troubled
        return status;
    }
    IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
        return Sync(options, context);
    }
    // A hint, and no promise.
    IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
        return IOStatus::OK();
    }
    IOStatus Allocate(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
        return IOStatus::OK();
    }
    bool IsSyncThreadSafe() const override { return true; }

  private:
    LossyFileSystem& system_;
    const std::string path_;
};

class LossyDirectory final : public rocksdb::FSDirectoryWrapper {
  public:
    LossyDirectory(
        LossyFileSystem& system, std::string path, std::unique_ptr<rocksdb::FSDirectory>&& directory
    )
        : FSDirectoryWrapper(std::move(directory)), system_(system), path_(std::move(path)) {}

    IOStatus Fsync(const IOOptions&, IODebugContext*) override {
        system_.begin_operation();
        system_.names_synced(path_);
        return IOStatus::OK();
    }
    IOStatus
    FsyncWithDirOptions(const IOOptions& options, IODebugContext* context, const rocksdb::DirFsyncOptions&)
        override {
        return Fsync(options, context);
    }

  private:
    LossyFileSystem& system_;
    const std::string path_;
};

void LossyFileSystem::cut_power_after(std::uint64_t operations, std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    cut_at_ = operations_ + operations;
    random_.seed(seed);
}

// The lock is kept until the process is gone, so nothing is told to be certain after this.
void LossyFileSystem::begin_operation() {
    const std::lock_guard lock(mutex_);
    if (++operations_ != cut_at_) return;
    settle(random_);
    ::_exit(0);
}

void LossyFileSystem::appended(const std::string& path, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    size_[path] += bytes;
}

void LossyFileSystem::synced(const std::string& path) {
    const std::lock_guard lock(mutex_);
    certain_[path] = size_[path];
}

void LossyFileSystem::names_synced(const std::string& folder) {
    const std::lock_guard lock(mutex_);
    const auto in_folder = [&](const NameChange& change) {
        return std::filesystem::path(change.path).parent_path() ==
               std::filesystem::path(folder).lexically_normal();
    };
    for (const NameChange& change : names_) {
        if (in_folder(change) && !change.kept.empty()) std::filesystem::remove(change.kept);
    }
    std::erase_if(names_, in_folder);
}

void LossyFileSystem::note_created(const std::string& path) {
    const std::lock_guard lock(mutex_);
    size_[path] = 0;
    certain_[path] = 0;
    names_.push_back({NameChange::Kind::created, path, "", ""});
}

// Under mutex_. Beside the store's folder, where nobody looks.
std::string LossyFileSystem::keep_aside(const std::string& path) {
    if (!std::filesystem::exists(path)) return "";
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    std::string kept = fmt::format("{}.kept.{}", folder.string(), kept_count_++);
    std::filesystem::rename(path, kept);
    return kept;
}

IOStatus LossyFileSystem::NewWritableFile(
    const std::string& path,
    const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* file,
    IODebugContext* context
) {
    begin_operation();
    std::unique_ptr<rocksdb::FSWritableFile> below;
    const auto status = target()->NewWritableFile(path, options, &below, context);
    if (!status.ok()) return status;
    note_created(path);
    *file = std::make_unique<LossyFile>(*this, path, std::move(below));
    return status;
}

IOStatus LossyFileSystem::ReopenWritableFile(
    const std::string& path,
    const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* file,
    IODebugContext* context
) {
    begin_operation();
    std::unique_ptr<rocksdb::FSWritableFile> below;
    const auto status = target()->ReopenWritableFile(path, options, &below, context);
    if (!status.ok()) return status;
    *file = std::make_unique<LossyFile>(*this, path, std::move(below));
    return status;
}

// Only with recycled logs, which our stores do not use.
IOStatus LossyFileSystem::
    ReuseWritableFile(const std::string&, const std::string&, const rocksdb::FileOptions&, std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) {
    return IOStatus::NotSupported("files are not written over");
}

IOStatus LossyFileSystem::NewDirectory(
    const std::string& path,
    const IOOptions& options,
    std::unique_ptr<rocksdb::FSDirectory>* directory,
    IODebugContext* context
) {
    std::unique_ptr<rocksdb::FSDirectory> below;
    auto status = target()->NewDirectory(path, options, &below, context);
    if (!status.ok()) return status;
    *directory = std::make_unique<LossyDirectory>(*this, path, std::move(below));
    return status;
}

IOStatus LossyFileSystem::DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) {
    begin_operation();
    const std::lock_guard lock(mutex_);
    std::string kept = keep_aside(path);
    if (kept.empty()) return IOStatus::PathNotFound(path);
    names_.push_back({NameChange::Kind::removed, path, "", std::move(kept)});
    return IOStatus::OK();
}

IOStatus LossyFileSystem::RenameFile(
    const std::string& from,
    const std::string& to,
    const IOOptions& options,
    IODebugContext* context
) {
    begin_operation();
    const std::lock_guard lock(mutex_);
    std::string kept = keep_aside(to);
    auto status = target()->RenameFile(from, to, options, context);
    if (!status.ok()) return status;
    names_.push_back({NameChange::Kind::renamed, to, from, std::move(kept)});
    size_[to] = size_[from];
    certain_[to] = certain_[from];
    return status;
}

// Under mutex_.
void LossyFileSystem::settle(std::mt19937_64& random) {
    for (const auto& [path, size] : size_) {
        if (certain_[path] < size && std::filesystem::exists(path)) {
            lose_content(path, certain_[path], random);
        }
    }
    // A journal writes names in order, so a part of the end is lost, and perhaps nothing.
    const std::size_t lost = random() % (names_.size() + 1);
    for (std::size_t i = 0; i < names_.size(); ++i) {
        const NameChange& change = names_[names_.size() - 1 - i];
        if (i < lost) {
            if (change.kind == NameChange::Kind::created) std::filesystem::remove(change.path);
            if (change.kind == NameChange::Kind::renamed) {
                std::filesystem::rename(change.path, change.former);
            }
            if (!change.kept.empty()) std::filesystem::rename(change.kept, change.path);
        } else if (!change.kept.empty()) {
            std::filesystem::remove(change.kept);
        }
    }
}

// After `certain` bytes each sector is as it was written, or was never written; and the file may
// end anywhere.
void LossyFileSystem::lose_content(
    const std::string& path, std::uint64_t certain, std::mt19937_64& random
) {
    const std::uint64_t size = std::filesystem::file_size(path);
    if (size <= certain) return;
    const std::uint64_t end = certain + random() % (size - certain + 1);
    std::filesystem::resize_file(path, end);
    if (random() % 2 == 0) return;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    std::uint64_t at = certain;
    while (at < end) {
        const std::uint64_t sector_end = std::min(end, (at / kSector + 1) * kSector);
        if (random() % 3 == 0) {
            file.seekp(static_cast<std::streamoff>(at));
            const std::string zeros(sector_end - at, '\0');
            file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
        }
        at = sector_end;
    }
}

}  // namespace moat
