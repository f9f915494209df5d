#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "access/policy.h"
#include "adapters/rocksdb/store.h"
#include "base/temp_dir.h"
#include "collections/open.h"
#include "collections/store_memory.h"

namespace moat::collections {

// For tests: a database on a real store in a temporary folder, which can be closed and reopened.
class TestDatabase {
  public:
    explicit TestDatabase(const UpkeepOptions& upkeep = {}) : upkeep_(upkeep) { reopen(); }
    // Within so much memory.
    explicit TestDatabase(const StoreMemory& memory) : memory_(memory) {
        upkeep_.column_cache_bytes = memory.columns;
        reopen();
    }

    void close() { database_.reset(); }
    void reopen() {
        close();
        auto store = adapters::rocksdb_store::open_store(
            dir_.path() / "store", {.cache_bytes = memory_.cache, .buffer_bytes = memory_.buffers}
        );
        ASSERT_TRUE(store) << store.error().message;
        DatabaseParts parts;
        parts.store = std::move(*store);
        parts.upkeep = upkeep_;
        parts.vector_bytes = memory_.vectors;
        auto opened = open_database(dir_.path(), std::move(parts));
        ASSERT_TRUE(opened) << opened.error().message;
        database_ = std::move(*opened);
    }

    Database& operator*() { return *database_; }
    Database* operator->() { return database_.get(); }
    const std::filesystem::path& path() const { return dir_.path(); }

  private:
    UpkeepOptions upkeep_;
    StoreMemory memory_ = StoreMemory::of(std::size_t{2} << 30);
    TempDir dir_;
    std::unique_ptr<Database> database_;
};

}  // namespace moat::collections
