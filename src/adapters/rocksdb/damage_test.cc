// Tables with flipped bits: set aside by the next opening, named, and read around.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "adapters/rocksdb/store.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "collections/keys.h"

namespace moat::adapters::rocksdb_store {
namespace {

namespace fs = std::filesystem;
using collections::Durability;
using collections::KeyValueStore;
using collections::Space;

constexpr std::uint32_t kCollection = 7;
constexpr std::uint32_t kRows = 2000;

std::string key_of(std::uint32_t row) {
    return collections::row_key(kCollection, row);
}
// Such as does not get smaller, so that there are many blocks.
std::string value_of(std::uint32_t row) {
    std::mt19937 random(row);
    std::string value;
    for (int i = 0; i < 100; ++i)
        value.push_back(static_cast<char>(random()));
    return value;
}

struct DamageTest : testing::Test {
    TempDir dir;
    const fs::path folder = dir.path() / "store";
    const std::string begin = collections::collection_prefix(kCollection);
    const std::string end = collections::end_of_prefix(begin);

    void SetUp() override {
        {
            const auto store = *open_store(folder);
            const auto batch = store->new_batch();
            batch->put(Space::catalog, "name", "value");
            for (std::uint32_t row = 0; row < kRows; ++row)
                batch->put(Space::objects, key_of(row), value_of(row));
            ASSERT_TRUE(store->commit(*batch, Durability::synced));
        }
        *open_store(folder);  // what was in the log is in tables now
    }

    // The tables, the largest (that of the objects) first.
    std::vector<fs::path> tables() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(folder)) {
            if (entry.path().extension() == ".sst") found.push_back(entry.path());
        }
        std::ranges::sort(found, [](const fs::path& a, const fs::path& b) {
            return fs::file_size(a) > fs::file_size(b);
        });
        return found;
    }
    static void flip(const fs::path& path, std::uint64_t at) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(at));
        const auto byte = static_cast<char>(file.get() ^ 4);
        file.seekp(static_cast<std::streamoff>(at));
        file.put(byte);
    }
    // How many rows are as they were; none may be otherwise.
    std::size_t intact(const KeyValueStore& store) const {
        std::size_t count = 0;
        const auto visit = [&](std::string_view key, std::string_view value) -> Status {
            EXPECT_EQ(
                value,
                value_of(static_cast<std::uint32_t>(collections::big_endian_of(key.substr(4))))
            );
            ++count;
            return Ok{};
        };
        EXPECT_TRUE(store.rescue(Space::objects, begin, end, visit));
        return count;
    }
    Status read_all(KeyValueStore& store) const {
        const auto cursor = store.snapshot()->cursor(Space::objects, begin, end);
        while (cursor->valid())
            cursor->next();
        return cursor->status();
    }
};

TEST_F(DamageTest, ABadBlockIsFoundByReadingAndSetAsideByTheNextOpening) {
    const fs::path table = tables().front();
    flip(table, fs::file_size(table) / 2);
    {
        const auto store = *open_store(folder);
        const Status read = read_all(*store);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, ErrorCode::corrupt);
        // What stands in other blocks is there.
        EXPECT_EQ(**store->snapshot()->get(Space::objects, key_of(0)), value_of(0));
    }
    const auto store = *open_store(folder);
    EXPECT_TRUE(read_all(*store));
    const auto losses = store->losses();
    ASSERT_EQ(losses.size(), 1U);
    EXPECT_EQ(losses[0].space, Space::objects);
    EXPECT_EQ(losses[0].first, key_of(0));
    EXPECT_EQ(losses[0].last, key_of(kRows - 1));
    EXPECT_EQ(losses[0].file, table.filename());
    // A block of 16 KB has some 150 of these; all others are to be had.
    EXPECT_GT(intact(*store), kRows - 200);
    EXPECT_LT(intact(*store), kRows);
    ASSERT_TRUE(store->settle());
    EXPECT_TRUE(store->losses().empty());
}

TEST_F(DamageTest, OpensWhateverBitOfATableIsFlipped) {
    fs::rename(folder, dir.path() / "made");
    std::mt19937 random(3);
    for (int round = 0; round < 6; ++round) {
        fs::remove_all(folder);
        fs::remove_all(folder.string() + ".damaged");
        fs::copy(dir.path() / "made", folder);
        const auto all = tables();
        const fs::path table = all[static_cast<std::size_t>(round) % all.size()];
        // The last bytes of a table say where everything else is.
        const std::uint64_t size = fs::file_size(table);
        const std::uint64_t at = round % 3 == 0
                                     ? size - 1 - random() % std::min<std::uint64_t>(600, size)
                                     : random() % size;
        SCOPED_TRACE(table.filename().string() + " at " + std::to_string(at));
        flip(table, at);
        for (int again = 0; again < 2; ++again) {
            const auto store = open_store(folder);
            ASSERT_TRUE(store) << store.error().message;
            (void)read_all(**store);  // finds it, or there is nothing to find any more
        }
        const auto store = *open_store(folder);
        ASSERT_TRUE(read_all(*store));
        ASSERT_EQ((*store->snapshot()->get(Space::catalog, "name")).value_or(""), "value");
    }
}

TEST_F(DamageTest, ATableThatIsGoneIsALoss) {
    fs::remove(tables().front());
    const auto store = open_store(folder);
    ASSERT_TRUE(store) << store.error().message;
    ASSERT_EQ((*store)->losses().size(), 1U);
    EXPECT_EQ((*store)->losses()[0].file, "");
    EXPECT_TRUE(read_all(**store));
}

TEST_F(DamageTest, DamagedIdentityAndOptionsAreNoLoss) {
    for (const std::string_view start : {"IDENTITY", "OPTIONS-"}) {
        for (const auto& entry : fs::directory_iterator(folder)) {
            if (!entry.path().filename().string().starts_with(start)) continue;
            std::ofstream(entry.path(), std::ios::binary | std::ios::trunc) << "\xFF\x01";
        }
        const auto store = open_store(folder);
        ASSERT_TRUE(store) << store.error().message;
        EXPECT_TRUE(read_all(**store));
        EXPECT_TRUE((*store)->losses().empty());
    }
}

// Copies of a store while it is open: what it wrote is in its log.
TEST_F(DamageTest, ABadRecordOfTheLogTakesNoneOfTheLaterOnesWithIt) {
    constexpr std::uint32_t kCommits = 60;
    const fs::path made = dir.path() / "made";
    std::vector<std::uint64_t> ends;  // of the log, after each commit
    {
        const auto store = *open_store(folder);
        fs::path log;
        for (const auto& entry : fs::directory_iterator(folder)) {
            if (entry.path().extension() == ".log" && entry.path() > log) log = entry.path();
        }
        for (std::uint32_t i = 0; i < kCommits; ++i) {
            const auto batch = store->new_batch();
            batch->put(Space::objects, key_of(10'000 + i), std::string(1500, 'v'));
            ASSERT_TRUE(store->commit(*batch, Durability::synced));
            ends.push_back(fs::file_size(log));
        }
        fs::copy(folder, made);
    }
    std::mt19937 random(4);
    for (int round = 0; round < 5; ++round) {
        fs::remove_all(folder);
        fs::remove_all(folder.string() + ".damaged");
        fs::copy(made, folder);
        fs::path log;
        for (const auto& entry : fs::directory_iterator(folder)) {
            if (entry.path().extension() == ".log" && entry.path() > log) log = entry.path();
        }
        const std::uint64_t at = random() % ends.back();
        flip(log, at);
        const auto hit =
            static_cast<std::uint32_t>(std::ranges::upper_bound(ends, at) - ends.begin());
        const auto store = open_store(folder);
        ASSERT_TRUE(store) << store.error().message;
        const bool sure = hit + 2 < kCommits;  // that it was synced
        EXPECT_EQ((*store)->losses().size(), sure ? 1U : 0U) << hit;
        const auto snapshot = (*store)->snapshot();
        for (std::uint32_t i = 0; i < kCommits; ++i) {
            const bool there = snapshot->get(Space::objects, key_of(10'000 + i))->has_value();
            EXPECT_EQ(there, sure ? i != hit : i < hit) << i << " of which " << hit << " was hit";
        }
    }
}

}  // namespace
}  // namespace moat::adapters::rocksdb_store
