// How a store is opened: mended first, and again without what turns out to be damaged.
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include "adapters/rocksdb/handle.h"
#include "adapters/rocksdb/log_mending.h"
#include "adapters/rocksdb/mending.h"
#include "adapters/rocksdb/quarantine.h"
#include "adapters/rocksdb/store.h"
#include "adapters/rocksdb/twofold_files.h"
#include "base/file.h"
#include "base/log.h"

namespace moat::adapters::rocksdb_store {
namespace {

using collections::KeyValueStore;
using collections::Space;

constexpr int kMaxTries = 1000;  // each one sets a table or a file aside

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
    std::size_t which, const Options& options, const std::shared_ptr<rocksdb::Cache>& cache
) {
    const auto space = which == kCatalogCopy ? Space::catalog : static_cast<Space>(which);
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

// Hears what goes wrong in the background.
class Watcher final : public rocksdb::EventListener {
  public:
    explicit Watcher(DamageBook& book) : book_(book) {}

    void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
        if (error->IsCorruption() || is_disk_failure(*error)) {
            book_.suspect(error->ToString());
        } else {
            log::error("the store's background work failed: {}", error->ToString());
        }
    }
    // A write that finds the disk full tells the store to go on by itself, and at once; RocksDB's
    // own way looks every few seconds. Of a compaction no write hears, so that is left to it.
    void OnErrorRecoveryBegin(
        rocksdb::BackgroundErrorReason reason, rocksdb::Status, bool* automatic
    ) override {
        if (reason != rocksdb::BackgroundErrorReason::kCompaction) *automatic = false;
    }

  private:
    DamageBook& book_;
};

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

// Keeps other processes out while files are changed.
class StoreLock {
  public:
    static Result<StoreLock> take(rocksdb::Env& environment, const std::filesystem::path& folder) {
        rocksdb::FileLock* lock = nullptr;
        if (!environment.LockFile((folder / "LOCK").string(), &lock).ok()) return in_use();
        return StoreLock(environment, lock);
    }
    StoreLock(StoreLock&& other) noexcept
        : environment_(other.environment_), lock_(std::exchange(other.lock_, nullptr)) {}
    StoreLock& operator=(StoreLock&&) = delete;
    ~StoreLock() {
        if (lock_ != nullptr) environment_.UnlockFile(lock_).PermitUncheckedError();
    }

  private:
    StoreLock(rocksdb::Env& environment, rocksdb::FileLock* lock)
        : environment_(environment), lock_(lock) {}

    rocksdb::Env& environment_;
    rocksdb::FileLock* lock_;
};

class Opening {
  public:
    Opening(std::filesystem::path folder, const Options& options)
        : folder_(std::move(folder)),
          options_(options),
          cache_(rocksdb::NewLRUCache(options.cache_bytes)) {}

    Result<std::shared_ptr<Handle>> run() {
        for (int i = 0; i < kMaxTries; ++i) {
            const auto handle = new_handle();
            TRY(mend(*handle));
            const rocksdb::Status status = open(*handle);
            if (status.ok()) {
                const Status catalog = mend_catalog(*handle);
                if (catalog) return handle;
                if (handle->book.suspects().empty()) return catalog.error();
                continue;  // mend() sets it aside
            }
            TRY_ASSIGN(const bool mended, deal_with(*handle, status));
            if (!mended) return write_error(status);
        }
        return Error{ErrorCode::corrupt, "the store is damaged all over; restore a backup"};
    }

  private:
    std::shared_ptr<Handle> new_handle() const {
        auto handle = std::make_shared<Handle>(aside_of(folder_));
        auto* const base =
            options_.environment != nullptr ? options_.environment : rocksdb::Env::Default();
        handle->environment =
            rocksdb::NewCompositeEnv(std::make_shared<TwofoldFiles>(base->GetFileSystem()));
        handle->table_options.env = handle->environment.get();
        handle->cache = cache_;
        return handle;
    }

    Status mend(Handle& handle) const {
        TRY_ASSIGN(const auto lock, StoreLock::take(*handle.environment, folder_));
        TRY_ASSIGN(
            const auto done,
            mend_manifest(*handle.environment->GetFileSystem(), folder_, handle.book.folder())
        );
        for (const std::string& what : done)
            log::warning("{}", what);
        TRY(mend_logs(*handle.environment->GetFileSystem(), folder_, handle.book));
        const auto suspects = handle.book.suspects();
        if (suspects.empty()) return Ok{};
        TRY(Quarantine(handle.table_options, folder_, handle.book).look_at(suspects));
        return handle.book.clear_suspects();
    }

    rocksdb::Status open(Handle& handle) const {
        std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
        for (std::size_t i = 0; i < kFamilyNames.size(); ++i)
            descriptors.emplace_back(kFamilyNames[i], family_options(i, options_, cache_));
        rocksdb::DB* db = nullptr;
        auto settings = database_options(options_, *handle.environment);
        settings.listeners.push_back(std::make_shared<Watcher>(handle.book));
        auto status =
            rocksdb::DB::Open(settings, folder_.string(), descriptors, &handle.families, &db);
        handle.db.reset(db);
        return status;
    }

    // Whether something was set aside, so that another try is worth it.
    Result<bool> deal_with(Handle& handle, const rocksdb::Status& status) const {
        const std::string text = status.ToString();
        if (status.IsIOError() && text.contains("lock")) return in_use();
        TRY_ASSIGN(const auto lock, StoreLock::take(*handle.environment, folder_));
        // RocksDB writes these anew.
        for (const std::string_view name : {"IDENTITY", "OPTIONS-"}) {
            if (text.contains(fmt::format("/{}", name))) return put_files_aside(handle, name);
        }
        auto tables = tables_in(text);
        if (tables.empty() && !status.IsCorruption()) return false;
        if (tables.empty()) tables.insert(0);
        return Quarantine(handle.table_options, folder_, handle.book).look_at(tables);
    }

    Result<bool> put_files_aside(const Handle& handle, std::string_view start) const {
        bool found = false;
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
            if (!entry.path().filename().string().starts_with(start)) continue;
            TRY(link_aside(entry.path(), handle.book.folder()));
            std::filesystem::remove(entry.path(), error);
            log::warning("the store's file {} is damaged and is set aside; nothing is lost", start);
            found = true;
        }
        return found;
    }

    const std::filesystem::path folder_;
    const Options options_;
    const std::shared_ptr<rocksdb::Cache> cache_;
};

}  // namespace

Result<std::unique_ptr<KeyValueStore>> open_store(
    const std::filesystem::path& folder, const Options& options
) {
    TRY(make_directories(folder));
    TRY_ASSIGN(auto handle, Opening(folder, options).run());
    return make_store(std::move(handle));
}

}  // namespace moat::adapters::rocksdb_store
