// Cuts the power under a process that writes, at random moments, on a disk that then loses what was
// not synced: in part, in blocks, in any order, names of files too. What was acknowledged must be
// there.
//
//   store_power_test                                   MOAT_POWER_ROUNDS (default 50);
//   MOAT_CRASH_SEED store_power_test --write FOLDER N OPERATIONS SEED  the child: batches from N
//   on, "ack N" on stdout
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include "base/temp_dir.h"
#include "lossy_file_system.h"
#include "store_workload.h"

namespace moat::collections {
namespace {

// The least that the store works with, so that tables, manifests and logs change often.
constexpr std::size_t kBufferBytes = std::size_t{6} << 20;

// Ends with status 0 when the power fails.
int write_until_dark(
    const std::filesystem::path& folder,
    std::uint64_t next,
    std::uint64_t operations,
    std::uint64_t seed
) {
    const auto disk = std::make_shared<LossyFileSystem>(rocksdb::FileSystem::Default());
    const auto environment = rocksdb::NewCompositeEnv(disk);
    disk->cut_power_after(operations, seed);
    auto database =
        open_workload(folder, {.buffer_bytes = kBufferBytes, .environment = environment.get()});
    if (!database) return 3;
    auto collection = open_collection(**database);
    if (!collection) return 4;
    for (;; ++next) {
        if (!write_batch(**collection, next)) return 5;
        std::printf("ack %llu\n", static_cast<unsigned long long>(next));
        std::fflush(stdout);
    }
}

TEST(StorePower, KeepsAcknowledgedBatchesWhole) {
    const char* setting = std::getenv("MOAT_POWER_ROUNDS");
    const int rounds = setting != nullptr ? std::atoi(setting) : 50;
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
    const TempDir dir;
    StoreOracle oracle;
    std::mt19937_64 random(crash_seed());
    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE(round);
        const std::string command = fmt::format(
            "'{}' --write '{}' {} {} {} 2>&1",
            program,
            dir.path().string(),
            oracle.next(),
            1 + random() % 600,
            random()
        );
        FILE* child = ::popen(command.c_str(), "r");
        ASSERT_NE(child, nullptr);
        std::uint64_t end = oracle.next();
        char line[256];
        while (std::fgets(line, sizeof line, child) != nullptr) {
            unsigned long long number = 0;
            if (std::sscanf(line, "ack %llu\n", &number) == 1) end = number + 1;
        }
        ASSERT_EQ(::pclose(child), 0);
        oracle.check(dir.path(), end);
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(oracle.next(), static_cast<std::uint64_t>(rounds));
}

}  // namespace
}  // namespace moat::collections

int main(int argc, char** argv) {
    if (argc == 6 && std::strcmp(argv[1], "--write") == 0) {
        return moat::collections::write_until_dark(
            argv[2],
            std::strtoull(argv[3], nullptr, 10),
            std::strtoull(argv[4], nullptr, 10),
            std::strtoull(argv[5], nullptr, 10)
        );
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
