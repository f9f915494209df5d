#include "adapters/llama/state_store.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace moat::adapters::llama {
namespace {

StateBytes bytes(std::size_t count, std::uint8_t value) {
    return StateBytes(count, value);
}

TEST(StateStoreTest, FindsTheLongestBeginningThatTheReaderMayKnow) {
    StateStore store({.memory_bytes = 1000}, "model");
    store.keep({1, 2, 3, 4}, {"anna", 2}, bytes(10, 'a'));
    store.keep({1, 2, 9}, {"ben", 0}, bytes(10, 'b'));

    const Tokens prompt = {1, 2, 3, 5};
    const auto anna = store.find(prompt, "anna", 0);
    ASSERT_TRUE(anna);
    EXPECT_EQ(anna->common, 3U);
    EXPECT_EQ(anna->length, 4U);
    EXPECT_EQ(store.read(*anna), bytes(10, 'a'));
    EXPECT_EQ(store.find(prompt, "ben", 0)->common, 2U);
    EXPECT_EQ(store.find(prompt, "carl", 0)->common, 2U);  // anna's public part
    EXPECT_FALSE(store.find(prompt, "carl", 2));
    EXPECT_FALSE(store.find(prompt, "", 0));
    EXPECT_FALSE(store.find(Tokens{7}, "anna", 0));
}

TEST(StateStoreTest, TheOneNotUsedForLongestGoesFirst) {
    StateStore store({.memory_bytes = 30}, "model");
    store.keep({1}, {"anna", 0}, bytes(10, 1));
    store.keep({2}, {"anna", 0}, bytes(10, 2));
    store.keep({3}, {"anna", 0}, bytes(10, 3));
    ASSERT_TRUE(store.read(*store.find(Tokens{1}, "anna", 0)));
    store.keep({4}, {"anna", 0}, bytes(20, 4));
    EXPECT_EQ(store.memory_bytes(), 30U);
    EXPECT_TRUE(store.find(Tokens{1}, "anna", 0));
    EXPECT_FALSE(store.find(Tokens{2}, "anna", 0));
    EXPECT_FALSE(store.find(Tokens{3}, "anna", 0));
    EXPECT_TRUE(store.find(Tokens{4}, "anna", 0));
    store.keep({5}, {"anna", 0}, bytes(31, 5));
    EXPECT_FALSE(store.find(Tokens{5}, "anna", 0));
}

TEST(StateStoreTest, AStateTakesThePlaceOfTheOnesItContinues) {
    StateStore store({.memory_bytes = 100}, "model");
    store.keep({1, 2}, {"anna", 0}, bytes(10, 1));
    store.keep({1, 2}, {"ben", 0}, bytes(10, 2));
    store.keep({1, 2, 3}, {"anna", 0}, bytes(10, 3));
    EXPECT_EQ(store.memory_bytes(), 20U);
    EXPECT_TRUE(store.covers(Tokens{1, 2}, {"anna", 0}));
    EXPECT_FALSE(store.covers(Tokens{1, 2}, {"anna", 1}));
    EXPECT_FALSE(store.covers(Tokens{1, 2, 3}, {"ben", 0}));
}

TEST(StateStoreTest, FilesAreFoundAgainAndTheOldestGoFirst) {
    const TempDir folder;
    const StateLimits limits{.folder = folder.path(), .disk_bytes = 1500};
    {
        StateStore store(limits, "model");
        ASSERT_TRUE(store.save({1, 2}, {"anna", 1}, bytes(500, 1)));
        ASSERT_TRUE(store.save({3, 4}, {"anna", 0}, bytes(500, 2)));
    }
    StateStore store(limits, "model");
    EXPECT_TRUE(store.is_on_disk(Tokens{1, 2}, {"anna", 1}));
    EXPECT_EQ(store.find(Tokens{1, 2}, "ben", 0)->common, 1U);
    EXPECT_EQ(store.read(*store.find(Tokens{1, 2, 9}, "anna", 0)), bytes(500, 1));
    ASSERT_TRUE(store.save({5, 6}, {"anna", 0}, bytes(500, 3)));
    EXPECT_TRUE(store.find(Tokens{1}, "anna", 0));
    EXPECT_FALSE(store.find(Tokens{3}, "anna", 0));
    EXPECT_TRUE(store.find(Tokens{5}, "anna", 0));
}

TEST(StateStoreTest, WhatIsNoStateOfTheModelIsRemoved) {
    const TempDir folder;
    const StateLimits limits{.folder = folder.path(), .disk_bytes = 10000};
    {
        StateStore store(limits, "model");
        ASSERT_TRUE(store.save({1, 2}, {"anna", 0}, bytes(500, 1)));
    }
    std::ofstream(folder.path() / "cut.state", std::ios::binary) << "MOATKV1\n\x05";
    std::filesystem::path good;
    for (const auto& item : std::filesystem::directory_iterator(folder.path())) {
        if (item.path().filename() != "cut.state") good = item.path();
    }
    EXPECT_TRUE(StateStore(limits, "model").find(Tokens{1}, "anna", 0));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "cut.state"));
    std::filesystem::resize_file(good, std::filesystem::file_size(good) - 1);
    EXPECT_FALSE(StateStore(limits, "model").find(Tokens{1}, "anna", 0));
    EXPECT_FALSE(std::filesystem::exists(good));
}

TEST(StateStoreTest, AChangedByteIsNoticed) {
    const TempDir folder;
    StateStore store({.folder = folder.path(), .disk_bytes = 10000}, "model");
    ASSERT_TRUE(store.save({1, 2}, {"anna", 0}, bytes(500, 1)));
    const auto path = std::filesystem::directory_iterator(folder.path())->path();
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-3, std::ios::end);
        file.put('x');
    }
    EXPECT_FALSE(store.read(*store.find(Tokens{1}, "anna", 0)));
    EXPECT_FALSE(store.find(Tokens{1}, "anna", 0));
}

}  // namespace
}  // namespace moat::adapters::llama
