#include "adapters/rocksdb/quarantine.h"

#include <memory>

#include <rocksdb/env.h>
#include <rocksdb/sst_file_reader.h>

#include "adapters/rocksdb/mending.h"
#include "adapters/rocksdb/tables.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"
#include "collections/keys.h"

namespace moat::adapters::rocksdb_store {

Result<bool> Quarantine::is_intact(const std::filesystem::path& table) const {
    rocksdb::SstFileReader reader(options_);
    rocksdb::Status status = reader.Open(table.string());
    if (status.ok()) status = reader.VerifyChecksum();
    if (status.ok()) return true;
    // A table that was cut to nothing is an invalid argument.
    if (status.IsCorruption() || status.IsInvalidArgument() || status.IsPathNotFound() ||
        is_disk_failure(status)) {
        return false;
    }
    return Error{ErrorCode::io, "a table of the store cannot be read: " + status.ToString()};
}

Result<bool> Quarantine::look_at(const std::set<std::uint64_t>& numbers) {
    auto& files = *options_.env->GetFileSystem();
    TRY_ASSIGN(std::string current, readable_part(files, folder_ / "CURRENT"));
    if (current.empty()) return false;  // there is no store yet
    current.pop_back();
    TRY_ASSIGN(std::string manifest, readable_part(files, folder_ / current));
    TRY_ASSIGN(const TableList list, read_tables(manifest));
    bool found = false;
    for (const auto& [number, table] : list.tables) {
        if (!numbers.contains(number) && !numbers.contains(0)) continue;
        const std::filesystem::path path = folder_ / table.file_name();
        TRY_ASSIGN(const bool intact, is_intact(path));
        if (intact) continue;
        const auto family = list.families.find(table.family);
        DamageBook::LostTable lost{
            .number = number,
            .family = family == list.families.end() ? "" : family->second,
            .first = table.first,
            .last = table.last,
        };
        log::error(
            "the store's table {} ({}) is damaged and is set aside", table.file_name(), lost.family
        );
        // RocksDB removes the file itself, as one that is no part of the store.
        if (std::filesystem::exists(path)) {
            TRY_ASSIGN(const auto kept, link_aside(path, book_.folder()));
            lost.file = kept.filename().string();
        }
        TRY(book_.add(std::move(lost)));
        append_removal(manifest, table);
        found = true;
    }
    if (found) TRY(write_file_atomically(folder_ / current, bytes_of(manifest)));
    return found;
}

namespace {

constexpr unsigned kPlaceBytes = 8;

std::string key_at(std::uint64_t place) {
    std::string key;
    collections::put_big_endian(key, place, kPlaceBytes);
    return key;
}
std::uint64_t place_of(std::string_view key) {
    std::string padded(key.substr(0, kPlaceBytes));
    padded.resize(kPlaceBytes);
    return collections::big_endian_of(padded);
}

// The first eight bytes of a key as a number: what is behind a bad block is found by halving.
class Skipper {
  public:
    Skipper(rocksdb::SstFileReader& reader, std::string_view end) : reader_(reader), end_(end) {}

    std::unique_ptr<rocksdb::Iterator> at(const std::string& key) const {
        std::unique_ptr<rocksdb::Iterator> iterator(reader_.NewIterator({}));
        iterator->Seek(key);
        return iterator;
    }
    // The first place after `place` where reading works, or that of the end.
    std::uint64_t behind(std::uint64_t place) const {
        std::uint64_t bad = place;
        std::uint64_t good = place_of(end_);
        for (std::uint64_t step = 1; good - bad > step; step *= 2) {
            if (!works(bad + step)) continue;
            good = bad + step;
            break;
        }
        while (good - bad > 1) {
            const std::uint64_t middle = bad + (good - bad) / 2;
            (works(middle) ? good : bad) = middle;
        }
        return good;
    }

  private:
    bool works(std::uint64_t place) const { return at(key_at(place))->status().ok(); }

    rocksdb::SstFileReader& reader_;
    const std::string end_;
};

}  // namespace

Status read_around_damage(
    const rocksdb::Options& options,
    const std::filesystem::path& table,
    std::string_view begin,
    std::string_view end,
    const collections::KeyValueStore::Visit& visit
) {
    rocksdb::SstFileReader reader(options);
    // Damaged where its index is, nothing of it can be read.
    if (!reader.Open(table.string()).ok()) return Ok{};
    const Skipper skipper(reader, end);
    const std::uint64_t last = place_of(end);
    std::string from(begin);
    for (;;) {
        const auto iterator = skipper.at(from);
        std::uint64_t place = place_of(from);
        for (; iterator->Valid(); iterator->Next()) {
            const std::string_view key(iterator->key().data(), iterator->key().size());
            if (key >= end) return Ok{};
            place = place_of(key);
            TRY(visit(key, {iterator->value().data(), iterator->value().size()}));
        }
        if (iterator->status().ok() || place >= last) return Ok{};
        const std::uint64_t next = skipper.behind(place);
        if (next >= last) return Ok{};
        from = key_at(next);
    }
}

}  // namespace moat::adapters::rocksdb_store
