#include "adapters/rocksdb/store.h"

#include <algorithm>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "adapters/rocksdb/handle.h"
#include "adapters/rocksdb/log_mending.h"
#include "adapters/rocksdb/quarantine.h"

namespace moat::adapters::rocksdb_store {
namespace {

using collections::Durability;
using collections::KeyValueBatch;
using collections::KeyValueCursor;
using collections::KeyValueSnapshot;
using collections::KeyValueStore;
using collections::Space;

rocksdb::Slice slice(std::string_view bytes) {
    return {bytes.data(), bytes.size()};
}
std::string_view view(const rocksdb::Slice& bytes) {
    return {bytes.data(), bytes.size()};
}

class Batch final : public KeyValueBatch {
  public:
    explicit Batch(const Handle& handle) : handle_(handle) {}

    void put(Space space, std::string_view key, std::string_view value) override {
        note(changes_.Put(handle_.family(space), slice(key), slice(value)));
        if (space != Space::catalog) return;
        note(changes_.Put(catalog_copy(), slice(key), slice(value)));
    }
    void remove(Space space, std::string_view key) override {
        note(changes_.Delete(handle_.family(space), slice(key)));
        if (space == Space::catalog) note(changes_.Delete(catalog_copy(), slice(key)));
    }
    void remove_range(Space space, std::string_view begin, std::string_view end) override {
        note(changes_.DeleteRange(handle_.family(space), slice(begin), slice(end)));
        if (space != Space::catalog) return;
        note(changes_.DeleteRange(catalog_copy(), slice(begin), slice(end)));
    }
    std::size_t bytes() const override { return changes_.GetDataSize(); }

    // For mend_logs(): only the log has it.
    void mark_synced() { note(changes_.PutLogData({kSyncedMark.data(), kSyncedMark.size()})); }

    rocksdb::WriteBatch& changes() { return changes_; }
    const rocksdb::Status& first_error() const { return first_error_; }

  private:
    // Adding fails only for want of memory or a value over 4 GB; commit() reports it.
    void note(const rocksdb::Status& status) {
        if (first_error_.ok()) first_error_ = status;
    }

    rocksdb::ColumnFamilyHandle* catalog_copy() const { return handle_.families[kCatalogCopy]; }

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
    Status status() const override {
        if (iterator_->status().ok()) return Ok{};
        return handle_->read_error(iterator_->status());
    }

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
        if (!status.ok()) return handle_->read_error(status);
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
        if (!own.first_error().ok()) return write_error(own.first_error());
        rocksdb::WriteOptions options;
        options.sync = durability == Durability::synced;
        if (options.sync) own.mark_synced();
        auto status = handle_->db->Write(options, &own.changes());
        // After a full disk RocksDB refuses all writes until it is told to go on; it may be that
        // there is room again. Anything worse does not pass by going on.
        if (status.IsNoSpace() && handle_->db->Resume().ok()) {
            status = handle_->db->Write(options, &own.changes());
        }
        if (status.ok()) return Ok{};
        return write_error(status);
    }
    std::shared_ptr<const KeyValueSnapshot> snapshot() override {
        return std::make_shared<const Snapshot>(handle_);
    }
    std::size_t memory_bytes() const override {
        std::uint64_t buffers = 0;
        (void)handle_->db->GetAggregatedIntProperty(  // known to every version
            rocksdb::DB::Properties::kSizeAllMemTables,
            &buffers
        );
        return handle_->cache->GetUsage() + buffers;
    }

    std::vector<collections::Loss> losses() const override {
        std::vector<collections::Loss> losses;
        for (const DamageBook::LostTable& table : handle_->book.lost()) {
            const auto* const name = std::ranges::find(kFamilyNames, table.family);
            const auto family = static_cast<std::size_t>(name - kFamilyNames.begin());
            if (family >= collections::kSpaceCount) continue;
            losses.push_back({static_cast<Space>(family), table.first, table.last, table.file});
        }
        return losses;
    }
    Status rescue(Space space, std::string_view begin, std::string_view end, const Visit& visit)
        const override {
        for (const DamageBook::LostTable& table : handle_->book.lost()) {
            if (table.family != kFamilyNames[static_cast<std::size_t>(space)]) continue;
            if (table.file.empty()) continue;
            TRY(read_around_damage(
                handle_->table_options, handle_->book.folder() / table.file, begin, end, visit
            ));
        }
        return Ok{};
    }
    Status settle() override {
        return handle_->book.settle({kFamilyNames.begin(), kFamilyNames.end()});
    }

  private:
    const std::shared_ptr<Handle> handle_;
};

}  // namespace

std::unique_ptr<KeyValueStore> make_store(std::shared_ptr<Handle> handle) {
    return std::make_unique<Store>(std::move(handle));
}

}  // namespace moat::adapters::rocksdb_store
