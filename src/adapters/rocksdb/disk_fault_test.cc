// Disks that are full, and disks that cannot read.
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include "adapters/rocksdb/store.h"
#include "base/temp_dir.h"

namespace moat::adapters::rocksdb_store {
namespace {

namespace fs = std::filesystem;
// The least that the store works with, so that there are flushes and compactions.
constexpr std::size_t kBufferBytes = std::size_t{6} << 20;

using collections::Durability;
using collections::KeyValueStore;
using collections::Space;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class FaultyDisk;

class FaultyWriter final : public rocksdb::FSWritableFileOwnerWrapper {
  public:
    FaultyWriter(const FaultyDisk& disk, std::unique_ptr<rocksdb::FSWritableFile>&& file)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk) {}

    IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* context)
        override;
    IOStatus Append(
        const rocksdb::Slice& data,
        const IOOptions& options,
        const rocksdb::DataVerificationInfo&,
        IODebugContext* context
    ) override {
        return Append(data, options, context);
    }

  private:
    const FaultyDisk& disk_;
};

class FaultyReader final : public rocksdb::FSRandomAccessFileOwnerWrapper {
  public:
    FaultyReader(std::string path, std::unique_ptr<rocksdb::FSRandomAccessFile>&& file)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), path_(std::move(path)) {}

    IOStatus
    Read(std::uint64_t, std::size_t, const IOOptions&, rocksdb::Slice*, char*, IODebugContext*)
        const override {
        return IOStatus::IOError("While pread: " + path_, "Input/output error");
    }
    IOStatus
    MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const IOOptions&, IODebugContext*)
        override {
        for (std::size_t i = 0; i < count; ++i)
            requests[i].status = IOStatus::IOError("While pread: " + path_, "Input/output error");
        return IOStatus::OK();
    }

  private:
    const std::string path_;
};

class FaultyDisk final : public rocksdb::FileSystemWrapper {
  public:
    FaultyDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

    std::atomic<bool> full = false;
    std::string unreadable;  // a part of names; empty: none

    const char* Name() const override { return "FaultyDisk"; }

    IOStatus NewWritableFile(
        const std::string& path,
        const rocksdb::FileOptions& options,
        std::unique_ptr<rocksdb::FSWritableFile>* file,
        IODebugContext* context
    ) override {
        std::unique_ptr<rocksdb::FSWritableFile> below;
        auto status = target()->NewWritableFile(path, options, &below, context);
        if (status.ok()) *file = std::make_unique<FaultyWriter>(*this, std::move(below));
        return status;
    }
    IOStatus NewRandomAccessFile(
        const std::string& path,
        const rocksdb::FileOptions& options,
        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
        IODebugContext* context
    ) override {
        std::unique_ptr<rocksdb::FSRandomAccessFile> below;
        auto status = target()->NewRandomAccessFile(path, options, &below, context);
        if (!status.ok()) return status;
        *file =
            fails(path) ? std::make_unique<FaultyReader>(path, std::move(below)) : std::move(below);
        return status;
    }
    IOStatus NewSequentialFile(
        const std::string& path,
        const rocksdb::FileOptions& options,
        std::unique_ptr<rocksdb::FSSequentialFile>* file,
        IODebugContext* context
    ) override {
        if (fails(path)) {
            return IOStatus::IOError("While open a file: " + path, "Input/output error");
        }
        return target()->NewSequentialFile(path, options, file, context);
    }

  private:
    // What was set aside lies elsewhere on the disk.
    bool fails(const std::string& path) const {
        return !unreadable.empty() && fs::path(path).filename().string().contains(unreadable) &&
               !path.contains(".damaged/");
    }
};

IOStatus FaultyWriter::Append(
    const rocksdb::Slice& data, const IOOptions& options, IODebugContext* context
) {
    if (disk_.full) return IOStatus::NoSpace("No space left on device");
    return target()->Append(data, options, context);
}

struct DiskFaultTest : testing::Test {
    TempDir dir;
    const fs::path folder = dir.path() / "store";
    std::shared_ptr<FaultyDisk> disk = std::make_shared<FaultyDisk>();
    std::unique_ptr<rocksdb::Env> environment = rocksdb::NewCompositeEnv(disk);
    std::map<std::string, std::string> acknowledged;
    std::mt19937 random{7};

    Result<std::unique_ptr<KeyValueStore>> open() const {
        return open_store(folder, {.buffer_bytes = kBufferBytes, .environment = environment.get()});
    }
    Status write(KeyValueStore& store, std::size_t bytes) {
        const std::string key = "key" + std::to_string(random() % 500);
        std::string value(bytes, '\0');
        for (char& c : value)
            c = static_cast<char>(random());
        const auto batch = store.new_batch();
        batch->put(Space::objects, key, value);
        Status status = store.commit(*batch, Durability::synced);
        if (status) acknowledged[key] = value;
        if (!status) acknowledged.erase(key);  // then it is the former or the new one
        return status;
    }
    void expect_acknowledged(KeyValueStore& store) const {
        const auto snapshot = store.snapshot();
        for (const auto& [key, value] : acknowledged) {
            const auto found = snapshot->get(Space::objects, key);
            ASSERT_TRUE(found) << found.error().message;
            ASSERT_TRUE(found->has_value()) << key;
            EXPECT_TRUE(**found == value) << key;
        }
    }
};

TEST_F(DiskFaultTest, AFullDiskRefusesWritesAndTakesThemWhenThereIsRoom) {
    auto store = *open();
    ASSERT_TRUE(write(*store, 1000));
    disk->full = true;
    const Status refused = write(*store, 1000);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::too_large);
    EXPECT_EQ(
        refused.error().message,
        "the disk is full, so nothing was written: free some space and try again"
    );
    expect_acknowledged(*store);
    EXPECT_FALSE(write(*store, 1000));
    disk->full = false;
    const Status again = write(*store, 1000);
    ASSERT_TRUE(again) << again.error().message;
    expect_acknowledged(*store);
}

// In the midst of logs, flushes and compactions.
TEST_F(DiskFaultTest, LosesNothingAcknowledgedWheneverTheDiskIsFull) {
    auto store = *open();
    std::size_t refused = 0;
    for (int round = 0; round < 40; ++round) {
        disk->full = round % 2 == 1;
        for (int i = 0; i < (disk->full ? 3 : 15); ++i)
            refused += write(*store, 60'000) ? 0 : 1;
    }
    EXPECT_EQ(refused, 60U);
    disk->full = false;
    ASSERT_TRUE(write(*store, 10));
    expect_acknowledged(*store);
    store.reset();
    store = *open();
    EXPECT_TRUE(store->losses().empty());
    expect_acknowledged(*store);
}

TEST_F(DiskFaultTest, OpensWhateverFileCannotBeRead) {
    {
        const auto store = *open();
        for (int i = 0; i < 100; ++i)
            ASSERT_TRUE(write(*store, 1000));
    }
    {
        const auto again = *open();
    }
    for (const char* part : {"IDENTITY", "OPTIONS-"}) {
        SCOPED_TRACE(part);
        disk->unreadable = part;
        const auto store = open();
        disk->unreadable.clear();
        ASSERT_TRUE(store) << store.error().message;
        EXPECT_TRUE((*store)->losses().empty());
        expect_acknowledged(**store);
    }
    disk->unreadable = ".sst";
    auto store = open();
    disk->unreadable.clear();
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_FALSE((*store)->losses().empty());
    acknowledged.clear();
    EXPECT_TRUE(write(**store, 1000));
    expect_acknowledged(**store);
}

}  // namespace
}  // namespace moat::adapters::rocksdb_store
