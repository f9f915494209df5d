#include "adapters/rocksdb/store.h"

#include <array>
#include <vector>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "adapters/rocksdb/mending.h"
#include "adapters/rocksdb/twofold_files.h"
#include "base/file.h"
#include "base/log.h"

namespace moat::adapters::rocksdb_store {
namespace {

using collections::Durability;
using collections::KeyValueBatch;
using collections::KeyValueCursor;
using collections::KeyValueSnapshot;
using collections::KeyValueStore;
using collections::Space;

constexpr std::array<const char*, collections::kSpaceCount> kSpaceNames{
    "default", "ids", "objects", "vectors", "log", "terms", "columns"
};

rocksdb::Slice slice(std::string_view bytes) {
    return {bytes.data(), bytes.size()};
}
std::string_view view(const rocksdb::Slice& bytes) {
    return {bytes.data(), bytes.size()};
}

Error error_of(const rocksdb::Status& status) {
    // The message of RocksDB names files and offsets, which the log may have and a client not;
    // both codes are logged and reach a client as a request id.
    if (status.IsCorruption()) {
        return {ErrorCode::corrupt, fmt::format("the store is damaged: {}", status.ToString())};
    }
    return {ErrorCode::io, fmt::format("the store failed: {}", status.ToString())};
}

Status to_status(const rocksdb::Status& status) {
    if (status.ok()) return Ok{};
    return error_of(status);
}

// The open database; snapshots keep it alive.
struct Handle {
    std::unique_ptr<rocksdb::Env> environment;
    std::unique_ptr<rocksdb::DB> db;
    std::vector<rocksdb::ColumnFamilyHandle*> families;

    ~Handle() {
        for (auto* family : families) {
            // Only fails for a family that is none; there is nobody left to tell.
            db->DestroyColumnFamilyHandle(family).PermitUncheckedError();
        }
        if (db != nullptr) db->Close().PermitUncheckedError();
    }
    rocksdb::ColumnFamilyHandle* family(Space space) const {
        return families[static_cast<std::size_t>(space)];
    }
};

class Batch final : public KeyValueBatch {
  public:
    explicit Batch(const Handle& handle) : handle_(handle) {}

    void put(Space space, std::string_view key, std::string_view value) override {
        note(changes_.Put(handle_.family(space), slice(key), slice(value)));
    }
    void remove(Space space, std::string_view key) override {
        note(changes_.Delete(handle_.family(space), slice(key)));
    }
    void remove_range(Space space, std::string_view begin, std::string_view end) override {
        note(changes_.DeleteRange(handle_.family(space), slice(begin), slice(end)));
    }
    std::size_t bytes() const override { return changes_.GetDataSize(); }

    rocksdb::WriteBatch& changes() { return changes_; }
    const rocksdb::Status& first_error() const { return first_error_; }

  private:
    // Adding fails only for want of memory or a value over 4 GB; commit() reports it.
    void note(const rocksdb::Status& status) {
        if (first_error_.ok()) first_error_ = status;
    }

    const Handle& handle_;
    rocksdb::WriteBatch changes_;
    rocksdb::Status first_error_;
};

class Cursor final : public KeyValueCursor {
  public:
    Cursor(
        std::shared_ptr<Handle> handle,
        Space space,
        const rocksdb::Snapshot* snapshot,
        std::string_view begin,
        std::string_view end
    )
        : handle_(std::move(handle)), end_(end), end_slice_(end_) {
        rocksdb::ReadOptions options;
        options.snapshot = snapshot;
        options.iterate_upper_bound = &end_slice_;
        iterator_.reset(handle_->db->NewIterator(options, handle_->family(space)));
        iterator_->Seek(slice(begin));
    }

    bool valid() const override { return iterator_->Valid(); }
    std::string_view key() const override { return view(iterator_->key()); }
    std::string_view value() const override { return view(iterator_->value()); }
    void next() override { iterator_->Next(); }
    void seek(std::string_view key) override { iterator_->Seek(slice(key)); }
    Status status() const override { return to_status(iterator_->status()); }

  private:
    const std::shared_ptr<Handle> handle_;
    const std::string end_;
    const rocksdb::Slice end_slice_;
    std::unique_ptr<rocksdb::Iterator> iterator_;
};

class Snapshot final : public KeyValueSnapshot {
  public:
    explicit Snapshot(std::shared_ptr<Handle> handle)
        : handle_(std::move(handle)), snapshot_(handle_->db->GetSnapshot()) {}
    ~Snapshot() override { handle_->db->ReleaseSnapshot(snapshot_); }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    Result<std::optional<std::string>> get(Space space, std::string_view key) const override {
        rocksdb::ReadOptions options;
        options.snapshot = snapshot_;
        std::string value;
        const auto status = handle_->db->Get(options, handle_->family(space), slice(key), &value);
        if (status.IsNotFound()) return std::optional<std::string>();
        if (!status.ok()) return error_of(status);
        return std::optional(std::move(value));
    }
    std::unique_ptr<KeyValueCursor> cursor(
        Space space, std::string_view begin, std::string_view end
    ) const override {
        return std::make_unique<Cursor>(handle_, space, snapshot_, begin, end);
    }

  private:
    const std::shared_ptr<Handle> handle_;
    const rocksdb::Snapshot* snapshot_;
};

class Store final : public KeyValueStore {
  public:
    explicit Store(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}

    std::unique_ptr<KeyValueBatch> new_batch() override {
        return std::make_unique<Batch>(*handle_);
    }
    Status commit(KeyValueBatch& batch, Durability durability) override {
        auto& own = static_cast<Batch&>(batch);
        TRY(to_status(own.first_error()));
        rocksdb::WriteOptions options;
        options.sync = durability == Durability::synced;
        return to_status(handle_->db->Write(options, &own.changes()));
    }
    std::shared_ptr<const KeyValueSnapshot> snapshot() override {
        return std::make_shared<const Snapshot>(handle_);
    }

  private:
    const std::shared_ptr<Handle> handle_;
};

rocksdb::DBOptions database_options(const Options& options, rocksdb::Env& environment) {
    rocksdb::DBOptions db;
    db.create_if_missing = true;
    db.create_missing_column_families = true;
    db.paranoid_checks = true;
    // After a power loss the unsynced end of the log may hold anything, in any order of blocks:
    // all before the first bad record counts, nothing after it, and the server starts.
    db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    db.db_write_buffer_size = options.buffer_bytes;
    // All of it is read again at the next start, at some 100 MB a second.
    db.max_total_wal_size = options.buffer_bytes / 2;
    db.bytes_per_sync = std::uint64_t{1} << 20;
    db.max_background_jobs = 2;
    db.keep_log_file_num = 2;
    db.max_log_file_size = std::size_t{4} << 20;
    db.max_open_files = 1024;
    db.env = &environment;
    return db;
}

rocksdb::ColumnFamilyOptions family_options(
    Space space, const Options& options, const std::shared_ptr<rocksdb::Cache>& cache
) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.cache_index_and_filter_blocks = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    table.format_version = 5;
    table.block_size = std::size_t{16} << 10;
    if (space == Space::ids) {
        table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
        table.block_size = std::size_t{4} << 10;
    }
    rocksdb::ColumnFamilyOptions family;
    family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    family.write_buffer_size = options.buffer_bytes / 4;
    family.arena_block_size = std::size_t{1} << 20;
    // Random floats and packed postings do not get smaller.
    const bool packed = space == Space::vectors || space == Space::terms;
    family.compression = packed ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
    family.level_compaction_dynamic_level_bytes = true;
    return family;
}

Error in_use() {
    return {
        ErrorCode::conflict,
        "the data folder is in use by another process; stop it, or choose another --data"
    };
}

// Where damaged files go: beside the store, so that RocksDB does not take them for its own.
std::filesystem::path aside_of(const std::filesystem::path& folder) {
    std::filesystem::path aside = folder;
    aside += ".damaged";
    return aside;
}

// Nobody else has the store open meanwhile.
Status mend(rocksdb::Env& environment, const std::filesystem::path& folder) {
    rocksdb::FileLock* lock = nullptr;
    const std::string lock_path = (folder / "LOCK").string();
    if (!environment.LockFile(lock_path, &lock).ok()) return in_use();
    auto mended = mend_manifest(*environment.GetFileSystem(), folder, aside_of(folder));
    environment.UnlockFile(lock).PermitUncheckedError();
    if (!mended) return mended.error();
    for (const std::string& done : *mended)
        log::warning("{}", done);
    return Ok{};
}

}  // namespace

Result<std::unique_ptr<KeyValueStore>> open_store(
    const std::filesystem::path& folder, const Options& options
) {
    TRY(make_directories(folder));
    auto handle = std::make_shared<Handle>();
    auto* const base =
        options.environment != nullptr ? options.environment : rocksdb::Env::Default();
    handle->environment =
        rocksdb::NewCompositeEnv(std::make_shared<TwofoldFiles>(base->GetFileSystem()));
    TRY(mend(*handle->environment, folder));
    const auto cache = rocksdb::NewLRUCache(options.cache_bytes);
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (std::size_t i = 0; i < kSpaceNames.size(); ++i) {
        descriptors.emplace_back(
            kSpaceNames[i], family_options(static_cast<Space>(i), options, cache)
        );
    }
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::Open(
        database_options(options, *handle->environment),
        folder.string(),
        descriptors,
        &handle->families,
        &db
    );
    if (!status.ok()) {
        if (status.IsIOError() && status.ToString().contains("lock")) return in_use();
        return error_of(status);
    }
    handle->db.reset(db);
    return std::unique_ptr<KeyValueStore>(std::make_unique<Store>(std::move(handle)));
}

}  // namespace moat::adapters::rocksdb_store
