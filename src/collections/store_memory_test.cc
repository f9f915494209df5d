#include "collections/store_memory.h"

#include <fstream>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "collections/paged_memory.h"
#include "collections/test_database.h"
#include "index/test_vectors.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();
constexpr std::size_t kMegabyte = std::size_t{1} << 20;

// Of this process, as the system counts it: all that no file stands behind.
std::size_t anonymous_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string name; status >> name;) {
        std::size_t kilobytes = 0;
        if (name == "RssAnon:" && status >> kilobytes) return kilobytes * 1024;
    }
    return 0;
}

TEST(MachineMemory, IsWhatTheKernelSaysOrLess) {
    std::ifstream file("/proc/meminfo");
    std::string name;
    std::size_t kilobytes = 0;
    ASSERT_TRUE(file >> name >> kilobytes);
    ASSERT_EQ(name, "MemTotal:");
    EXPECT_LE(machine_memory() / 2, kilobytes * 1024);
    EXPECT_GT(machine_memory(), 0U);
}

TEST(StoreMemory, IsDividedWithoutRest) {
    for (const std::size_t megabytes : {64UZ, 100UZ, 1024UZ, 16'384UZ}) {
        const StoreMemory memory = StoreMemory::of(megabytes * kMegabyte);
        const std::size_t given = memory.cache + memory.buffers + memory.columns + memory.vectors;
        EXPECT_EQ(given + memory.total / 8, memory.total);
        EXPECT_GE(memory.vectors, memory.total / 2);
    }
}

TEST(PagedMemory, TakesWhatThereIsRoomForAndTheRestFromAFile) {
    TempDir dir;
    const auto budget = std::make_shared<MemoryBudget>(9 * kMegabyte);
    {
        PagedMemory memory(budget, dir.path() / "vectors");
        memory.in_use(kMegabyte);
        for (std::size_t i = 0; i < 4; ++i) {
            const auto chunk = memory.chunk(i, 4 * kMegabyte);
            ASSERT_TRUE(chunk);
            for (std::size_t at = 0; at < 4 * kMegabyte; at += 4096) {
                EXPECT_EQ((*chunk)[at], std::byte{0});
                (*chunk)[at] = std::byte{1};
            }
        }
        EXPECT_EQ(budget->used(), 9 * kMegabyte);
        EXPECT_TRUE(std::filesystem::is_empty(dir.path() / "vectors"));
    }
    EXPECT_EQ(budget->used(), 0U);
}

TEST(PagedMemory, GraphThatHasNoRoomAnswersAsOneThatHas) {
    constexpr std::size_t kRows = 18'000;
    TempDir dir;
    const auto budget = std::make_shared<MemoryBudget>(kMegabyte);
    index::VectorIndexOptions options{.graph_rows = 1'000, .scan_rows = 100};
    options.memory = [&] { return std::make_unique<PagedMemory>(budget, dir.path()); };
    const index::Matrix base = index::clustered(kRows, 16, 1);
    index::VectorIndex vectors(
        16, Distance::l2_squared, std::make_unique<index::MemoryChunks>(), options
    );
    ASSERT_TRUE(vectors.reserve(kRows));
    for (Row row = 0; row < kRows; ++row)
        vectors.put(row, base[row]);
    const auto all = index::RowSet::range(0, kRows);
    index::build_all(vectors, all);
    EXPECT_GE(index::measure(vectors, base, index::clustered(50, 16, 2), all).recall, 0.95);
    // First chunks only, one for records, codes and links each.
    EXPECT_LE(budget->used(), 12 * kMegabyte);
}

TEST(PagedMemory, RemovedVectorsGiveTheirMemoryBack) {
    constexpr Row kRows = 9'000;
    TempDir dir;
    const auto budget = std::make_shared<MemoryBudget>(64 * kMegabyte);
    index::VectorIndexOptions options{.graph_rows = 500, .scan_rows = 100};
    options.memory = [&] { return std::make_unique<PagedMemory>(budget, dir.path()); };
    const index::Matrix base = index::clustered(kRows, 16, 1);
    index::VectorIndex vectors(
        16, Distance::l2_squared, std::make_unique<index::MemoryChunks>(), options
    );
    ASSERT_TRUE(vectors.reserve(kRows));
    for (Row row = 0; row < kRows; ++row)
        vectors.put(row, base[row]);
    index::build_all(vectors, index::RowSet::range(0, kRows));
    const std::size_t before = budget->used();
    // As objects that are written again and again leave their former rows.
    const auto live = index::RowSet::range(6'000, kRows);
    index::build_all(vectors, live);
    EXPECT_LT(budget->used(), before * 2 / 3);  // the links of two thirds, which are most of it
    EXPECT_GE(index::measure(vectors, base, index::clustered(50, 16, 2), live).recall, 0.95);
}

class Loader {
  public:
    explicit Loader(TestDatabase& database) {
        const Schema schema{"Big", {{.name = "data", .type = DataType::blob}}};
        collection_ = *database->create(kWho, schema);
    }

    void write(std::size_t objects) {
        WriteBatch batch;
        for (std::size_t i = 0; i < objects; ++i) {
            Object& object = batch.puts.emplace_back();
            object.id = uuid_of(std::to_string(written_++));
            std::string data(kBlobBytes, 'A');
            for (std::size_t at = 0; at < kBlobBytes; at += 4)
                data[at] = static_cast<char>('a' + random_() % 26);
            object.properties["data"] = data;
            for (std::size_t d = 0; d < kDimensions; ++d)
                object.vector.push_back(static_cast<float>(random_()) * 1e-9F);
        }
        ASSERT_TRUE(collection_->write(kWho, std::move(batch)));
        bytes_ += objects * (kBlobBytes + kDimensions * sizeof(float));
    }
    std::size_t bytes() const { return bytes_; }
    Collection& collection() { return *collection_; }

  private:
    static constexpr std::size_t kBlobBytes = 8'000;
    static constexpr std::size_t kDimensions = 128;

    std::shared_ptr<Collection> collection_;
    std::mt19937 random_{7};
    std::size_t written_ = 0;
    std::size_t bytes_ = 0;
};

TEST(StoreMemory, IsEnoughForSeveralTimesAsMuch) {
    const std::size_t limit = StoreMemory::kLeast;
    TestDatabase database{StoreMemory::of(limit)};
    Loader loader(database);
    loader.write(100);
    const std::size_t before = anonymous_bytes();
    std::size_t most = 0;
    while (loader.bytes() < 4 * limit) {
        loader.write(250);
        most = std::max(most, anonymous_bytes());
        ASSERT_LE(database->memory_bytes(), limit);
    }
    EXPECT_GT(database->memory_bytes(), 0U);
    EXPECT_LE(most - std::min(most, before), limit);
    const auto found = loader.collection().get(kWho, uuid_of("17"), true);
    ASSERT_TRUE(found);
    const auto hits = loader.collection().search(kWho, {.vector = found->vector, .limit = 1})->hits;
    ASSERT_EQ(hits.size(), 1U);
    EXPECT_EQ(hits[0].object.id, uuid_of("17"));
    RecordProperty("grown_megabytes", std::to_string((most - std::min(most, before)) / kMegabyte));
}

}  // namespace
}  // namespace moat::collections
