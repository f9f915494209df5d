// A collection whose store lost bits: after a restart every object that was not in the damaged
// block is found by id, keyword, vector and filter, and what was lost is counted.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "collections/test_database.h"

namespace moat::collections {
namespace {

namespace fs = std::filesystem;
const Principal kWho = access::system_principal();
constexpr int kObjects = 800;
constexpr std::size_t kDimensions = 16;
// Sealed, with a graph, and a rest in the log.
constexpr UpkeepOptions kUpkeep{.seal_rows = 300, .graph_rows = 200, .checkpoint_rows = 150};

Object object_of(int i) {
    std::mt19937 random(static_cast<unsigned>(i));
    std::normal_distribution<float> normal;
    Object object;
    object.id = uuid_of(std::to_string(i));
    object.properties["text"] = fmt::format("word{} common", i);
    object.properties["number"] = i;
    object.properties["tag"] = fmt::format("tag{}", i % 7);
    std::string filler;  // that does not get smaller
    for (int k = 0; k < 60; ++k)
        filler.push_back(static_cast<char>('a' + random() % 26));
    object.properties["filler"] = filler;
    object.vector.resize(kDimensions);
    for (float& x : object.vector)
        x = normal(random);
    return object;
}

struct CollectionDamageTest : testing::Test {
    TestDatabase database{kUpkeep};
    std::set<int> expected;

    void SetUp() override {
        auto collection = *database->create(
            kWho,
            {.name = "Things",
             .properties =
                 {{.name = "text"},
                  {.name = "number", .type = DataType::integer},
                  {.name = "tag", .tokenization = Tokenization::field},
                  {.name = "filler", .filterable = false, .searchable = false}},
             .distance = Distance::l2_squared,
             .dimensions = kDimensions}
        );
        for (int i = 0; i < kObjects;) {
            WriteBatch batch;
            for (int end = i + 100; i < end; ++i) {
                batch.puts.push_back(object_of(i));
                expected.insert(i);
            }
            // Every eleventh of the batch before goes, every thirteenth is written again.
            for (int k = i - 200; k >= 0 && k < i - 100; ++k) {
                if (k % 11 == 0) {
                    batch.removes.push_back(uuid_of(std::to_string(k)));
                    expected.erase(k);
                } else if (k % 13 == 0) {
                    batch.puts.push_back(object_of(k));
                }
            }
            ASSERT_TRUE(collection->write(kWho, std::move(batch)));
        }
        collection.reset();
        wait_for_graph();
        database.reopen();  // what was in the write-ahead log is in tables now
        database.close();
    }

    // Until the background has sealed segments and saved the graph, which it does last.
    void wait_for_graph() const {
        const auto saved = [&] {
            std::error_code error;
            for (const auto& entry : fs::directory_iterator(database.path() / "vectors", error)) {
                if (entry.path().extension() == ".graph") return true;
            }
            return false;
        };
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!saved() && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        ASSERT_TRUE(saved());
    }

    fs::path store() const { return database.path() / "store"; }

    // Each table with what its bytes hold a part of.
    std::vector<fs::path> tables() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(store())) {
            if (entry.path().extension() == ".sst") found.push_back(entry.path());
        }
        std::ranges::sort(found);
        return found;
    }
    static void flip(const fs::path& path, std::uint64_t at) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(at));
        const auto byte = static_cast<char>(file.get() ^ 0x10);
        file.seekp(static_cast<std::streamoff>(at));
        file.put(byte);
    }

    // Reads all there is, so that damage is found.
    void read_all() {
        auto collection = database->open(kWho, "Things");
        if (!collection) return;
        (void)(*collection)->list(kWho, {.limit = 5000, .with_vector = true});
        for (int i = 0; i < kObjects; i += 9) {
            (void)(*collection)->search(kWho, {.query = fmt::format("word{}", i), .limit = 3});
            (void)(*collection)->get(kWho, uuid_of(std::to_string(i)), true);
            (void)(*collection)
                ->count(kWho, Filter{FilterOperator::equal, "number", json::Value(i), {}});
        }
    }
    // Those that are there answer to everything; how many are not.
    std::size_t check(bool vectors_may_be_lost) {
        const auto collection = *database->open(kWho, "Things");
        std::size_t missing = 0;
        std::size_t without_vector = 0;
        for (int i = 0; i < kObjects; ++i) {
            const Object wanted = object_of(i);
            const auto found = collection->get(kWho, wanted.id, true);
            const Filter same{FilterOperator::equal, "number", json::Value(i), {}};
            const std::uint64_t count = collection->count(kWho, same).value();
            if (!expected.contains(i) || !found) {
                EXPECT_FALSE(found) << i;
                if (!found) EXPECT_EQ(found.error().code, ErrorCode::not_found);
                EXPECT_EQ(count, 0U) << i;
                missing += expected.contains(i) ? 1 : 0;
                continue;
            }
            EXPECT_EQ(found->properties, wanted.properties);
            EXPECT_EQ(count, 1U) << i;
            const auto words =
                collection->search(kWho, {.query = fmt::format("word{}", i), .limit = 2});
            EXPECT_TRUE(words && words->hits.size() == 1 && words->hits[0].object.id == wanted.id);
            if (found->vector.empty() && vectors_may_be_lost) {
                ++without_vector;
                continue;
            }
            EXPECT_EQ(found->vector, wanted.vector);
            const auto near = collection->search(kWho, {.vector = wanted.vector, .limit = 1});
            EXPECT_TRUE(near && near->hits.size() == 1 && near->hits[0].object.id == wanted.id);
        }
        EXPECT_EQ(*collection->count(kWho, {}), expected.size() - missing);
        EXPECT_LT(without_vector, expected.size() / 2);
        return missing;
    }
};

TEST_F(CollectionDamageTest, LosesNoMoreThanTheBlockWhateverTableIsDamaged) {
    const fs::path kept = database.path() / "kept";
    fs::copy(store(), kept, fs::copy_options::recursive);
    std::mt19937 random(5);
    const std::vector<fs::path> all = tables();
    ASSERT_EQ(all.size(), kSpaceCount + 1);  // and the copy of the catalog
    for (const fs::path& table : all) {
        database.close();
        fs::remove_all(store());
        fs::remove_all(store().string() + ".damaged");
        fs::copy(kept, store(), fs::copy_options::recursive);
        flip(table, random() % (fs::file_size(table) * 3 / 4));
        SCOPED_TRACE(table.filename().string());
        std::uint64_t lost = 0;
        for (int i = 0; i < 3; ++i) {
            database.reopen();
            for (const Damage& damage : database->damages()) {
                EXPECT_EQ(damage.collection, "Things");
                lost += damage.lost_objects;
            }
            read_all();
        }
        const std::size_t missing = check(true);
        EXPECT_EQ(missing, lost);
        EXPECT_LE(missing, 200U);
        // A restart more, and nothing is as it should not be.
        database.reopen();
        EXPECT_TRUE(database->damages().empty());
        EXPECT_EQ(check(true), missing);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace moat::collections
