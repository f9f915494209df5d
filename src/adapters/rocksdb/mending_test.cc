// Stores whose files lost bits, ends and names: opened, they hold what was committed.
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "adapters/rocksdb/record_file.h"
#include "adapters/rocksdb/store.h"
#include "base/file.h"
#include "base/temp_dir.h"

namespace moat::adapters::rocksdb_store {
namespace {

namespace fs = std::filesystem;
using collections::Durability;
using collections::KeyValueStore;
using collections::Space;

constexpr int kKeys = 300;

std::string key_of(int i) {
    return "key" + std::to_string(1000 + i);
}
std::string value_of(int i) {
    return std::string(200, static_cast<char>('a' + i % 26)) + std::to_string(i);
}

std::string content_of(const fs::path& path) {
    return *read_file(path);
}
void overwrite(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// A store that was opened and closed often, so that all its files have content; made once, copied
// for each test.
class MendingTest : public testing::Test {
  public:
    void SetUp() override {
        for (int round = 0; round < 3; ++round) {
            auto store = *open_store(made());
            const auto batch = store->new_batch();
            for (int i = round * 100; i < (round + 1) * 100; ++i)
                batch->put(Space::objects, key_of(i), value_of(i));
            ASSERT_TRUE(store->commit(*batch, Durability::synced));
        }
    }

    fs::path made() const { return dir_.path() / "made"; }
    fs::path folder() const { return dir_.path() / "store"; }
    void copy() const {
        fs::remove_all(folder());
        fs::copy(made(), folder());
    }
    fs::path file(std::string_view prefix, std::string_view suffix = "") const {
        for (const auto& entry : fs::directory_iterator(folder())) {
            const std::string name = entry.path().filename().string();
            if (name.starts_with(prefix) && name.ends_with(suffix) &&
                (!suffix.empty() || !name.ends_with(".copy"))) {
                return entry.path();
            }
        }
        ADD_FAILURE() << "no file " << prefix;
        return {};
    }
    void expect_all() const {
        const auto store = open_store(folder());
        ASSERT_TRUE(store) << store.error().message;
        const auto snapshot = (*store)->snapshot();
        for (int i = 0; i < kKeys; ++i) {
            const auto value = snapshot->get(Space::objects, key_of(i));
            ASSERT_TRUE(value) << value.error().message;
            ASSERT_EQ(value->value_or("none"), value_of(i)) << i;
        }
    }

  private:
    TempDir dir_;
};

TEST_F(MendingTest, OpensWhateverBitOfTheManifestIsFlipped) {
    std::mt19937 random(1);
    for (int round = 0; round < 10; ++round) {
        copy();
        const fs::path path = file("MANIFEST-", round % 2 == 0 ? "" : ".copy");
        std::string bytes = content_of(path);
        const std::size_t at = random() % bytes.size();
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        overwrite(path, bytes);
        SCOPED_TRACE(at);
        expect_all();
        if (HasFatalFailure()) return;
    }
}

TEST_F(MendingTest, OpensWhereverTheManifestEnds) {
    std::mt19937 random(2);
    for (int round = 0; round < 4; ++round) {
        copy();
        const fs::path path = file("MANIFEST-");
        fs::resize_file(path, random() % fs::file_size(path));
        expect_all();
    }
    copy();
    fs::remove(file("MANIFEST-"));
    expect_all();
}

// The power went while RocksDB appended: its record is there, but for a sector of it.
TEST_F(MendingTest, CutsAnEndThatWasNeverSynced) {
    for (const bool copy_too : {true, false}) {
        copy();
        std::string torn = content_of(file("MANIFEST-"));
        const std::size_t synced = torn.size();
        append_record(torn, std::string(3000, 'x'));
        std::fill_n(torn.begin() + static_cast<std::ptrdiff_t>(synced) + 1024, 512, '\0');
        overwrite(file("MANIFEST-"), torn);
        if (copy_too) overwrite(file("MANIFEST-", ".copy"), torn);
        expect_all();
    }
}

TEST_F(MendingTest, WritesADamagedCurrentAnew) {
    for (const std::string_view content : {"", "MANIFEST-00000", "NANIFEST-000004\n", "\0\0\0"}) {
        copy();
        overwrite(folder() / "CURRENT", content);
        expect_all();
    }
    copy();
    fs::remove(folder() / "CURRENT");
    expect_all();
}

TEST_F(MendingTest, TellsWhenBothCopiesAreDamagedFromTheBeginning) {
    copy();
    overwrite(file("MANIFEST-"), std::string(100, 'x'));
    overwrite(file("MANIFEST-", ".copy"), "");
    const auto store = open_store(folder());
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::corrupt);
    EXPECT_TRUE(store.error().message.contains("restore a backup")) << store.error().message;
}

TEST_F(MendingTest, LeavesAStoreAloneThatAnotherHasOpen) {
    copy();
    const auto open = *open_store(folder());
    overwrite(file("MANIFEST-", ".copy"), "");
    const auto again = open_store(folder());
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::conflict);
}

// Reading agrees with the one who wrote it, over block ends too.
TEST(RecordFile, ReadsWhatRocksDbWrote) {
    const TempDir dir;
    {
        auto store = *open_store(dir.path() / "store");
        const auto batch = store->new_batch();
        batch->put(Space::objects, "long", std::string(100'000, 'v'));
        ASSERT_TRUE(store->commit(*batch, Durability::synced));
    }
    for (const auto& entry : fs::directory_iterator(dir.path() / "store")) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(".log") && !name.starts_with("MANIFEST-")) continue;
        const std::string bytes = content_of(entry.path());
        RecordReader reader(bytes);
        std::size_t longest = 0;
        while (const auto record = reader.next())
            longest = std::max(longest, record->size());
        EXPECT_EQ(reader.end(), bytes.size()) << name;
        if (name.ends_with(".log")) EXPECT_GT(longest, 100'000U);
    }
}

}  // namespace
}  // namespace moat::adapters::rocksdb_store
