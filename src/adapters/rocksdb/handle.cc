#include "adapters/rocksdb/handle.h"

#include <algorithm>

#include <fmt/format.h>
#include <rocksdb/write_batch.h>

#include "base/log.h"

namespace moat::adapters::rocksdb_store {
namespace {

// In the copy only: all of the catalog was copied when the copy began.
constexpr std::string_view kCopyMark = "\1copy";
constexpr std::string_view kPastAll = "\xFF\xFF\xFF\xFF";

rocksdb::Slice slice(std::string_view bytes) {
    return {bytes.data(), bytes.size()};
}

}  // namespace

Handle::~Handle() {
    for (auto* family : families) {
        // Only fails for a family that is none; there is nobody left to tell.
        db->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    }
    if (db != nullptr) db->Close().PermitUncheckedError();
}

// The message of RocksDB names files and offsets, which the log may have and a client not; both
// codes are logged and reach a client as a request id.
Error Handle::read_error(const rocksdb::Status& status) const {
    const std::string text = status.ToString();
    if (status.IsCorruption() || !tables_in(text).empty()) {
        book.suspect(text);
        return {
            ErrorCode::corrupt,
            fmt::format("the store is damaged: {}; a restart sets the damaged part aside", text)
        };
    }
    return {ErrorCode::io, fmt::format("the store failed: {}", text)};
}

Error write_error(const rocksdb::Status& status) {
    if (status.IsNoSpace()) {
        return {
            ErrorCode::too_large,
            "the disk is full, so nothing was written: free some space and try again"
        };
    }
    if (status.IsCorruption()) {
        return {ErrorCode::corrupt, fmt::format("the store is damaged: {}", status.ToString())};
    }
    return {ErrorCode::io, fmt::format("the store failed: {}", status.ToString())};
}

namespace {

Status copy_catalog(Handle& handle, std::size_t from, std::size_t to) {
    rocksdb::WriteBatch changes;
    rocksdb::Status status = changes.DeleteRange(handle.families[to], "", slice(kPastAll));
    const std::unique_ptr<rocksdb::Iterator> keys(handle.db->NewIterator({}, handle.families[from])
    );
    for (keys->SeekToFirst(); keys->Valid() && status.ok(); keys->Next()) {
        if (keys->key() == slice(kCopyMark)) continue;
        status = changes.Put(handle.families[to], keys->key(), keys->value());
    }
    if (!keys->status().ok()) return handle.read_error(keys->status());
    if (status.ok()) {
        status = changes.Put(handle.families[kCatalogCopy], slice(kCopyMark), "");
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    if (status.ok()) status = handle.db->Write(options, &changes);
    if (!status.ok()) return write_error(status);
    return Ok{};
}

// Whether all of a family can be read.
Status read_through(const Handle& handle, std::size_t family) {
    const std::unique_ptr<rocksdb::Iterator> keys(
        handle.db->NewIterator({}, handle.families[family])
    );
    for (keys->SeekToFirst(); keys->Valid();)
        keys->Next();
    if (!keys->status().ok()) return handle.read_error(keys->status());
    return Ok{};
}

}  // namespace

Status mend_catalog(Handle& handle) {
    TRY(read_through(handle, 0));
    TRY(read_through(handle, kCatalogCopy));
    const auto lost = handle.book.lost();
    const auto lost_one = [&](std::size_t family) {
        return std::ranges::any_of(lost, [&](const DamageBook::LostTable& table) {
            return table.family == kFamilyNames[family];
        });
    };
    std::string mark;
    const bool copied =
        handle.db->Get({}, handle.families[kCatalogCopy], slice(kCopyMark), &mark).ok();
    if (lost_one(0) && copied && !lost_one(kCatalogCopy)) {
        TRY(copy_catalog(handle, kCatalogCopy, 0));
        log::warning("the store's catalog was damaged and is made whole from its copy");
    } else if (lost_one(0) && !lost_one(kCatalogCopy)) {
        log::error("a part of the store's catalog is lost: collections may be missing");
    } else if (!copied || lost_one(kCatalogCopy)) {
        TRY(copy_catalog(handle, 0, kCatalogCopy));
    }
    return handle.book.settle({kFamilyNames[0], kFamilyNames[kCatalogCopy]});
}

}  // namespace moat::adapters::rocksdb_store
