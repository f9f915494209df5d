#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "access/policy.h"
#include "adapters/rocksdb/store.h"
#include "base/temp_dir.h"
#include "collections/open.h"

namespace moat::collections {

// For tests: a database on a real store in a temporary folder, which can be closed and reopened.
class TestDatabase {
  public:
    explicit TestDatabase(const UpkeepOptions& upkeep = {}) : upkeep_(upkeep) { reopen(); }

    void close() { database_.reset(); }
    void reopen() {
        close();
        auto store = adapters::rocksdb_store::open_store(dir_.path() / "store");
        ASSERT_TRUE(store) << store.error().message;
        DatabaseParts parts;
        parts.store = std::move(*store);
        parts.upkeep = upkeep_;
        auto opened = open_database(dir_.path(), std::move(parts));
        ASSERT_TRUE(opened) << opened.error().message;
        database_ = std::move(*opened);
    }

    Database& operator*() { return *database_; }
    Database* operator->() { return database_.get(); }
    const std::filesystem::path& path() const { return dir_.path(); }

  private:
    const UpkeepOptions upkeep_;
    TempDir dir_;
    std::unique_ptr<Database> database_;
};

}  // namespace moat::collections
