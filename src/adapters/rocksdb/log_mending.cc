#include "adapters/rocksdb/log_mending.h"

#include <algorithm>
#include <string>
#include <vector>

#include <rocksdb/write_batch.h>

#include "adapters/rocksdb/handle.h"
#include "adapters/rocksdb/mending.h"
#include "adapters/rocksdb/record_file.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"

namespace moat::adapters::rocksdb_store {
namespace {

constexpr int kSyncedAfterDamage = 2;

// Passes over the changes; RocksDB's own has a way to end for each kind.
class MarkFinder final : public rocksdb::WriteBatch::Handler {
  public:
    bool found() const { return found_; }

    rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
        return rocksdb::Status::OK();
    }
    rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override {
        return rocksdb::Status::OK();
    }
    rocksdb::Status DeleteRangeCF(std::uint32_t, const rocksdb::Slice&, const rocksdb::Slice&)
        override {
        return rocksdb::Status::OK();
    }
    void LogData(const rocksdb::Slice& mark) override {
        found_ = found_ || mark == rocksdb::Slice(kSyncedMark.data(), kSyncedMark.size());
    }

  private:
    bool found_ = false;
};

bool was_synced(std::string_view record) {
    MarkFinder finder;
    const rocksdb::WriteBatch batch{std::string(record)};
    return batch.Iterate(&finder).ok() && finder.found();
}

struct SiftedLog {
    std::string whole;  // the records that hold together
    int damaged_places = 0;
    int synced_after = 0;  // records, after the first damage
};

void sift(std::string_view log, SiftedLog& into) {
    for (std::optional<std::size_t> at = 0; at; at = next_record(log, *at)) {
        RecordReader records(log, *at);
        while (const auto record = records.next()) {
            append_record(into.whole, *record);
            if (into.damaged_places > 0 && was_synced(*record)) ++into.synced_after;
        }
        at = records.end();
        if (next_record(log, *at)) ++into.damaged_places;
    }
}

// A log's bytes as RocksDB sees them, and whether they are all.
bool is_readable(rocksdb::FileSystem& files, const std::filesystem::path& path, std::size_t got) {
    std::uint64_t size = 0;
    return files.GetFileSize(path.string(), {}, &size, nullptr).ok() && got >= size;
}

std::vector<std::filesystem::path> logs_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> logs;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".log") logs.push_back(entry.path());
    }
    std::ranges::sort(logs);
    return logs;
}

}  // namespace

Status mend_logs(
    rocksdb::FileSystem& files, const std::filesystem::path& folder, DamageBook& book
) {
    for (const std::filesystem::path& path : logs_in(folder)) {
        TRY_ASSIGN(const std::string bytes, readable_part(files, path));
        const bool readable = is_readable(files, path, bytes.size());
        SiftedLog sifted;
        sift(bytes, sifted);
        if (readable && sifted.synced_after < kSyncedAfterDamage) continue;
        log::error(
            "the store's write log {} is damaged in {} places: what was written there is lost, and "
            "what was written later is kept",
            path.filename().string(),
            std::max(sifted.damaged_places, 1)
        );
        TRY(link_aside(path, book.folder()));
        // Noted before it is done: killed between, the collections are looked at once too often.
        TRY(book.add({
            .number = 0,
            .family = kFamilyNames[static_cast<std::size_t>(collections::Space::log)],
            .first = "",
            .last = std::string(4, '\xFF'),
        }));
        TRY(write_file_atomically(path, bytes_of(sifted.whole)));
    }
    return Ok{};
}

}  // namespace moat::adapters::rocksdb_store
