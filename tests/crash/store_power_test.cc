// Cuts the power under a store that writes, at random moments, on a disk that then loses what was
// not synced: in part, in blocks, in any order, names of files too. What was acknowledged must be
// there.
//
//   store_power_test                   MOAT_POWER_ROUNDS (default 50)
#include <cstdlib>
#include <memory>
#include <random>

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include "base/temp_dir.h"
#include "lossy_file_system.h"
#include "store_workload.h"

namespace moat::collections {
namespace {

// The least that the store works with, so that tables, manifests and logs change often.
constexpr std::size_t kBufferBytes = std::size_t{6} << 20;

// Writes until the power fails; returns one more than the last batch that was acknowledged.
std::uint64_t write_until_dark(
    const std::filesystem::path& folder,
    LossyFileSystem& disk,
    rocksdb::Env& environment,
    std::uint64_t next
) {
    auto database =
        open_workload(folder, {.buffer_bytes = kBufferBytes, .environment = &environment});
    if (!database) {
        EXPECT_FALSE(disk.powered()) << database.error().message;
        return next;
    }
    auto collection = open_collection(**database);
    if (!collection) {
        EXPECT_FALSE(disk.powered()) << collection.error().message;
        return next;
    }
    for (;; ++next) {
        const auto written = write_batch(**collection, next);
        if (!written) {
            EXPECT_FALSE(disk.powered()) << written.error().message;
            return next;
        }
    }
}

TEST(StorePower, KeepsAcknowledgedBatchesWhole) {
    const char* setting = std::getenv("MOAT_POWER_ROUNDS");
    const int rounds = setting != nullptr ? std::atoi(setting) : 50;
    const TempDir dir;
    StoreOracle oracle;
    std::mt19937_64 random(20261121);
    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE(round);
        const auto disk = std::make_shared<LossyFileSystem>(rocksdb::FileSystem::Default());
        const auto environment = rocksdb::NewCompositeEnv(disk);
        disk->cut_power_after(1 + random() % 600);
        const auto end = write_until_dark(dir.path(), *disk, *environment, oracle.next());
        disk->settle(random);
        oracle.check(dir.path(), end);
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(oracle.next(), static_cast<std::uint64_t>(rounds));
}

}  // namespace
}  // namespace moat::collections
