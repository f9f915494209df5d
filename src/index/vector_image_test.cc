#include <algorithm>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "index/test_vectors.h"

namespace moat::index {
namespace {

class BytesSink final : public ImageSink {
  public:
    Status write(BytesView bytes) override {
        stored.insert(stored.end(), bytes.begin(), bytes.end());
        return Ok{};
    }
    std::vector<std::byte> stored;
};

// A copy, on a page of its own.
class BytesMemory final : public ImageMemory {
  public:
    explicit BytesMemory(std::span<const std::byte> bytes) : room_(bytes.size() + kPage) {
        void* at = room_.data();
        std::size_t space = room_.size();
        std::align(kPage, bytes.size(), at, space);
        bytes_ = {static_cast<std::byte*>(at), bytes.size()};
        std::ranges::copy(bytes, bytes_.begin());
    }
    std::span<std::byte> bytes() override { return bytes_; }

  private:
    static constexpr std::size_t kPage = 4096;
    std::vector<std::byte> room_;
    std::span<std::byte> bytes_;
};

std::vector<std::byte> image_of(const VectorIndex& vectors) {
    BytesSink sink;
    EXPECT_TRUE(vectors.save(sink));
    return std::move(sink.stored);
}

constexpr Row kRows = 1500;
constexpr std::size_t kDimensions = 40;

struct VectorImageTest : testing::Test {
    VectorImageTest() : filled(kRows, kDimensions, Distance::l2_squared, 500) {
        for (Row row = 0; row < kRows; ++row) {
            if (row % 7 != 0) live.add(row);
        }
        build_all(filled.vectors, RowSet::range(0, kRows));
        build_all(filled.vectors, live);
        image = image_of(filled.vectors);
    }

    // The vectors are in place, as those in the mapped file are after a restart.
    std::unique_ptr<VectorIndex> with_vectors() const {
        class Copies final : public ChunkSource {
          public:
            explicit Copies(const Matrix& base) : base_(base) {}
            Result<std::byte*> chunk(std::size_t number, std::size_t bytes) override {
                auto made = memory_.chunk(number, bytes);
                const std::size_t row_bytes = base_[0].size() * sizeof(float);
                const std::size_t rows = bytes / row_bytes;
                for (std::size_t i = 0; i < rows && number * rows + i < base_.size(); ++i) {
                    std::memcpy(*made + i * row_bytes, base_[number * rows + i].data(), row_bytes);
                }
                return made;
            }

          private:
            const Matrix& base_;
            MemoryChunks memory_;
        };
        return std::make_unique<VectorIndex>(
            kDimensions,
            Distance::l2_squared,
            std::make_unique<Copies>(filled.base),
            VectorIndexOptions{500, 50}
        );
    }

    Filled filled;
    RowSet live;
    std::vector<std::byte> image;
};

TEST_F(VectorImageTest, RestoredGraphAnswersAsTheSavedOne) {
    const auto restored = with_vectors();
    ASSERT_TRUE(restored->restore(std::make_shared<BytesMemory>(image)));
    EXPECT_EQ(restored->graph_end(), kRows);
    for (const auto& query : clustered(50, kDimensions, 20)) {
        const VectorSearch search{.query = query, .limit = 10, .allowed = &live};
        EXPECT_EQ(restored->search(search), filled.vectors.search(search));
    }
}

TEST_F(VectorImageTest, RestoredGraphGrowsAndShrinksOn) {
    const auto restored = with_vectors();
    ASSERT_TRUE(restored->restore(std::make_shared<BytesMemory>(image)));
    Matrix base = filled.base;
    RowSet rows = live;
    ASSERT_TRUE(restored->reserve(2 * kRows));
    for (const auto& vector : clustered(kRows, kDimensions, 21)) {
        restored->put(static_cast<Row>(base.size()), vector);
        rows.add(static_cast<Row>(base.size()));
        base.push_back(vector);
    }
    for (Row row = 0; row < 2 * kRows; row += 3)
        rows.remove(row);
    build_all(*restored, rows);
    EXPECT_EQ(restored->graph_end(), 2 * kRows);
    EXPECT_GE(measure(*restored, base, clustered(50, kDimensions, 22), rows).recall, 0.95);
}

TEST_F(VectorImageTest, FourBitCodesComeBackAsTheyWere) {
    Filled small(kRows, kDimensions, Distance::l2_squared, {500, 50, CodeWidth::four});
    build_all(small.vectors, live);
    image = image_of(small.vectors);
    const auto restored = with_vectors();
    ASSERT_TRUE(restored->restore(std::make_shared<BytesMemory>(image)));
    EXPECT_EQ(restored->code_width(), CodeWidth::four);
    for (const auto& query : clustered(50, kDimensions, 26)) {
        const VectorSearch search{.query = query, .limit = 10, .allowed = &live};
        EXPECT_EQ(restored->search(search), small.vectors.search(search));
    }
    // Nothing asks for four bits here, so the next build makes them eight.
    build_all(*restored, live);
    EXPECT_EQ(restored->code_width(), CodeWidth::eight);
    EXPECT_GE(measure(*restored, filled.base, clustered(50, kDimensions, 27), live).recall, 0.95);
}

// Format version 2 had no word for it, and eight bits.
TEST_F(VectorImageTest, ImagesThatDoNotSayTheirBitsHaveEight) {
    constexpr std::size_t kCodeBitsAt = 20;
    ASSERT_EQ(image[kCodeBitsAt], std::byte{8});
    image[kCodeBitsAt] = std::byte{0};
    const auto restored = with_vectors();
    ASSERT_TRUE(restored->restore(std::make_shared<BytesMemory>(image)));
    EXPECT_EQ(restored->code_width(), CodeWidth::eight);
    const VectorSearch search{.query = filled.base[1], .limit = 10, .allowed = &live};
    EXPECT_EQ(restored->search(search), filled.vectors.search(search));
    image[kCodeBitsAt] = std::byte{5};
    EXPECT_EQ(
        with_vectors()->restore(std::make_shared<BytesMemory>(image)).error().code,
        ErrorCode::corrupt
    );
}

TEST_F(VectorImageTest, TruncatedImagesAreCorrupt) {
    for (const std::size_t size : {0UZ, 16UZ, 100UZ, 5000UZ, image.size() / 2, image.size() - 1}) {
        const auto memory = std::make_shared<BytesMemory>(std::span(image).first(size));
        EXPECT_EQ(with_vectors()->restore(memory).error().code, ErrorCode::corrupt) << size;
    }
}

// Nobody has compared the checksum yet when a search looks at a mapped image for the first time.
TEST_F(VectorImageTest, AlteredImagesAreRefusedOrDoNoHarm) {
    std::mt19937 random(23);
    const Matrix queries = clustered(5, kDimensions, 24);
    std::size_t restored_ones = 0;
    for (int round = 0; round < 30; ++round) {
        const auto memory = std::make_shared<BytesMemory>(image);
        const std::size_t within = round % 3 == 0 ? 600 : image.size();
        for (int i = 0; i < (round % 2 == 0 ? 3 : 30'000); ++i)
            memory->bytes()[random() % within] = static_cast<std::byte>(random());
        const auto restored = with_vectors();
        if (const auto status = restored->restore(memory); !status) {
            EXPECT_EQ(status.error().code, ErrorCode::corrupt);
            continue;
        }
        ++restored_ones;
        for (const auto& query : queries) {
            const RowSet all = RowSet::range(0, std::min(kRows, restored->graph_end()));
            for (const auto& hit :
                 restored->search({.query = query, .limit = 10, .allowed = &all})) {
                EXPECT_NEAR(
                    -hit.score,
                    exact_distance(filled.base[hit.row], query, Distance::l2_squared),
                    1e-2
                );
            }
        }
        const Row end = restored->graph_end();
        if (end > 2 * kRows) continue;
        ASSERT_TRUE(restored->reserve(end + 10));
        for (Row row = end; row < end + 10; ++row)
            restored->put(row, queries[0]);
        build_all(*restored, RowSet::range(0, end + 10));
    }
    EXPECT_GT(restored_ones, 5U);
}

TEST_F(VectorImageTest, StartingOverMakesTheGraphAnew) {
    ASSERT_TRUE(filled.vectors.start_over(live, 2));
    EXPECT_EQ(filled.vectors.graph_end(), 0U);
    const Matrix queries = clustered(40, kDimensions, 25);
    EXPECT_GE(measure(filled.vectors, filled.base, queries, live).recall, 0.99);
    build_all(filled.vectors, live);
    EXPECT_EQ(filled.vectors.graph_end(), kRows);
    EXPECT_GE(measure(filled.vectors, filled.base, queries, live).recall, 0.95);
}

}  // namespace
}  // namespace moat::index
