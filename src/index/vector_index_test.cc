#include "index/vector_index.h"

#include <array>
#include <optional>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "index/test_vectors.h"

namespace moat::index {
namespace {

TEST(VectorIndex, FindsTheNearestOfAFewByAllDistances) {
    const Matrix queries = clustered(40, 96, 2);
    for (const Distance distance : kAllDistances) {
        const Filled filled(5000, 96, distance);
        const auto measured = measure(filled.vectors, filled.base, queries, RowSet::range(0, 5000));
        EXPECT_GE(measured.recall, 0.99);
        EXPECT_LT(measured.worst_error, 1e-4);
    }
}

TEST(VectorIndex, WalksTheGraphWithHighRecall) {
    const Matrix queries = clustered(200, 96, 3);
    for (const Distance distance : {Distance::cosine, Distance::l2_squared, Distance::manhattan}) {
        const Row rows = distance == Distance::cosine ? 12'000 : 4'000;
        Filled filled(rows, 96, distance, rows);
        const RowSet all = RowSet::range(0, rows);
        build_all(filled.vectors, all);
        EXPECT_EQ(filled.vectors.graph_end(), rows);
        const auto measured = measure(filled.vectors, filled.base, queries, all);
        EXPECT_GE(measured.recall, 0.95);
        EXPECT_LT(measured.worst_error, 1e-4);
    }
}

TEST(VectorIndex, UsesSignBitsOfLongVectorsWithHighRecall) {
    Filled filled(6'000, 512, Distance::cosine, 6'000);
    const RowSet all = RowSet::range(0, 6'000);
    build_all(filled.vectors, all);
    EXPECT_GE(measure(filled.vectors, filled.base, clustered(100, 512, 4), all).recall, 0.95);
}

TEST(VectorIndex, FourBitCodesKeepHighRecall) {
    const std::array<std::pair<Distance, std::size_t>, 4> cases{{
        {Distance::cosine, 96},
        {Distance::dot, 96},
        {Distance::l2_squared, 40},
        {Distance::cosine, 512},
    }};
    for (const auto& [distance, dimensions] : cases) {
        Filled filled(4'000, dimensions, distance, {1'000, 200, CodeWidth::four});
        const RowSet all = RowSet::range(0, 4'000);
        build_all(filled.vectors, all);
        EXPECT_EQ(filled.vectors.code_width(), CodeWidth::four);
        const Matrix queries = clustered(100, dimensions, 4);
        const auto measured = measure(filled.vectors, filled.base, queries, all);
        EXPECT_GE(measured.recall, 0.95);
        EXPECT_LT(measured.worst_error, 1e-4);
        RowSet some;
        for (Row row = 1; row < 4'000; row += 3)
            some.add(row);
        EXPECT_GE(measure(filled.vectors, filled.base, queries, some).recall, 0.95);
    }
}

TEST(VectorIndex, DifferencesKeepTheirBytesWhateverIsAsked) {
    Filled filled(600, 24, Distance::manhattan, {300, 50, CodeWidth::four});
    build_all(filled.vectors, RowSet::range(0, 600));
    EXPECT_EQ(filled.vectors.code_width(), CodeWidth::eight);
}

TEST(VectorIndex, TakesFourBitsWhenEightNeedTooMuchAndGoesBack) {
    const Matrix base = clustered(4'000, 64, 1);
    const Matrix queries = clustered(60, 64, 9);
    VectorIndex vectors(
        64,
        Distance::cosine,
        std::make_unique<MemoryChunks>(),
        {500, 50, std::nullopt, std::size_t{2'000} * 64}
    );
    ASSERT_TRUE(vectors.reserve(4'000));
    for (Row row = 0; row < 4'000; ++row) {
        vectors.put(row, base[row]);
        if (row + 1 != 1'500) continue;
        build_all(vectors, RowSet::range(0, 1'500));
        EXPECT_EQ(vectors.code_width(), CodeWidth::eight);
    }
    // While rows that the graph has not, and removed ones that it still leads through, are there.
    RowSet live = RowSet::range(0, 4'000);
    for (Row row = 0; row < 1'500; row += 4)
        live.remove(row);
    ASSERT_TRUE(vectors.build(live, 2));
    EXPECT_EQ(vectors.code_width(), CodeWidth::four);
    EXPECT_GE(measure(vectors, base, queries, live).recall, 0.95);
    build_all(vectors, live);
    EXPECT_EQ(vectors.graph_end(), 4'000U);
    EXPECT_GE(measure(vectors, base, queries, live).recall, 0.95);

    const RowSet few = RowSet::range(2'000, 3'000);
    build_all(vectors, few);
    EXPECT_EQ(vectors.code_width(), CodeWidth::eight);
    EXPECT_GE(measure(vectors, base, queries, few).recall, 0.95);
}

TEST(VectorIndex, FindsOnlyAllowedRowsAtEverySelectivity) {
    Filled filled(12'000, 96, Distance::cosine, 12'000);
    build_all(filled.vectors, RowSet::range(0, 12'000));
    const Matrix queries = clustered(50, 96, 5);
    for (const Row step : {2U, 3U, 10U, 20U, 100U, 5000U}) {
        RowSet allowed;
        for (Row row = 1; row < 12'000; row += step)
            allowed.add(row);
        EXPECT_GE(measure(filled.vectors, filled.base, queries, allowed).recall, 0.95) << step;
    }
    EXPECT_GE(
        measure(filled.vectors, filled.base, queries, RowSet::range(500, 11'800)).recall, 0.95
    );
    const RowSet none;
    EXPECT_TRUE(filled.vectors.search({.query = queries[0], .allowed = &none}).empty());
}

TEST(VectorIndex, SearchesRowsThatAreNotInTheGraphYet) {
    Filled filled(9'000, 96, Distance::cosine, 5'000);
    build_all(filled.vectors, RowSet::range(0, 6'000));
    EXPECT_EQ(filled.vectors.graph_end(), 6'000U);
    const Matrix queries = clustered(100, 96, 6);
    const RowSet all = RowSet::range(0, 9'000);
    EXPECT_GE(measure(filled.vectors, filled.base, queries, all).recall, 0.95);
    build_all(filled.vectors, all);
    EXPECT_GE(measure(filled.vectors, filled.base, queries, all).recall, 0.95);
}

TEST(VectorIndex, StaysAFlatScanWhileSmall) {
    Filled filled(300, 8, Distance::l2_squared);
    build_all(filled.vectors, RowSet::range(0, 300));
    EXPECT_EQ(filled.vectors.graph_end(), 0U);
    EXPECT_EQ(
        measure(filled.vectors, filled.base, clustered(20, 8, 7), RowSet::range(0, 300)).recall, 1
    );
}

TEST(VectorIndex, HandlesZeroAndRepeatedVectors) {
    VectorIndex vectors(4, Distance::cosine, std::make_unique<MemoryChunks>());
    ASSERT_TRUE(vectors.reserve(10));
    vectors.put(0, std::vector<float>{0, 0, 0, 0});
    for (Row row = 1; row < 10; ++row)
        vectors.put(row, std::vector<float>{1, 2, 3, 4});
    const RowSet all = RowSet::range(0, 10);
    const std::vector<float> query{1, 2, 3, 4};
    const auto hits = vectors.search({.query = query, .limit = 10, .allowed = &all});
    ASSERT_EQ(hits.size(), 10U);
    EXPECT_NEAR(hits.front().score, 0, 1e-6);
    EXPECT_EQ(hits.back().row, 0U);
    EXPECT_NEAR(hits.back().score, -1, 1e-6);
}

TEST(VectorIndex, IsReadWhileItIsWrittenAndBuilt) {
    const Matrix base = clustered(6'000, 32, 8);
    VectorIndex vectors(32, Distance::cosine, std::make_unique<MemoryChunks>(), {2'000, 50});
    std::atomic<Row> end = 0;
    std::jthread writer([&] {
        for (Row row = 0; row < base.size(); ++row) {
            ASSERT_TRUE(vectors.reserve(row + 1));
            vectors.put(row, base[row]);
            end.store(row + 1, std::memory_order_release);
        }
    });
    std::jthread builder([&] {
        while (vectors.graph_end() < base.size()) {
            const RowSet rows = RowSet::range(0, end.load(std::memory_order_acquire));
            ASSERT_TRUE(vectors.build(rows, 2));
        }
    });
    std::size_t searches = 0;
    while (vectors.graph_end() < base.size()) {
        const Row rows = end.load(std::memory_order_acquire);
        if (rows == 0) continue;
        const RowSet all = RowSet::range(0, rows);
        const auto hits = vectors.search({.query = base[rows - 1], .limit = 1, .allowed = &all});
        ASSERT_EQ(hits.size(), 1U);
        // Only another copy could be as near as the vector itself.
        EXPECT_NEAR(hits[0].score, 0, 1e-5);
        ++searches;
    }
    EXPECT_GT(searches, 0U);
}

}  // namespace
}  // namespace moat::index
