#include "index/vector_index.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "index/vector_kernels.h"

namespace moat::index {
namespace {

using Matrix = std::vector<std::vector<float>>;

// Vectors around centres that share an offset, as embeddings do: spread along 32 directions, with
// a little noise in all.
Matrix clustered(std::size_t count, std::size_t dimensions, unsigned seed) {
    std::mt19937 shared(99);
    std::normal_distribution<float> normal;
    Matrix directions(32, std::vector<float>(dimensions));
    for (auto& direction : directions) {
        for (float& x : direction)
            x = normal(shared);
    }
    Matrix centres(100, std::vector<float>(dimensions));
    for (auto& centre : centres) {
        for (float& x : centre)
            x = 0.7F + normal(shared);
    }
    std::mt19937 random(seed);
    Matrix out(count, std::vector<float>(dimensions));
    for (auto& vector : out) {
        const auto& centre = centres[random() % centres.size()];
        for (std::size_t i = 0; i < dimensions; ++i)
            vector[i] = centre[i] + 0.1F * normal(random);
        for (const auto& direction : directions) {
            const float along = 0.09F * normal(random);
            for (std::size_t i = 0; i < dimensions; ++i)
                vector[i] += along * direction[i];
        }
    }
    return out;
}

double exact_distance(const std::vector<float>& a, const std::vector<float>& b, Distance distance) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        dot += double{a[i]} * b[i];
        aa += double{a[i]} * a[i];
        bb += double{b[i]} * b[i];
    }
    if (distance == Distance::dot) return -dot;
    if (distance == Distance::l2_squared) return aa + bb - 2 * dot;
    return 1 - dot / std::sqrt(aa * bb);
}

std::vector<ScoredRow> brute_force(
    const Matrix& base,
    const std::vector<float>& query,
    Distance distance,
    std::size_t limit,
    const RowSet& allowed
) {
    TopRows top(limit);
    allowed.for_each([&](Row row) { top.offer({row, -exact_distance(base[row], query, distance)}); }
    );
    return top.take();
}

struct Measured {
    double recall;
    double worst_error;  // of a reported distance
};

Measured measure(
    const VectorIndex& vectors,
    const Matrix& base,
    const Matrix& queries,
    const RowSet& allowed,
    std::size_t limit = 10
) {
    std::size_t found = 0;
    std::size_t wanted = 0;
    double worst = 0;
    for (const auto& query : queries) {
        const auto truth = brute_force(base, query, vectors.distance(), limit, allowed);
        const auto hits = vectors.search({.query = query, .limit = limit, .allowed = &allowed});
        wanted += truth.size();
        EXPECT_TRUE(std::ranges::is_sorted(hits, ranks_before));
        for (const ScoredRow& hit : hits) {
            EXPECT_TRUE(allowed.contains(hit.row));
            const double exact = exact_distance(base[hit.row], query, vectors.distance());
            worst =
                std::max(worst, std::fabs(-hit.score - exact) / std::max(1.0, std::fabs(exact)));
            found += std::ranges::any_of(truth, [&](const auto& t) { return t.row == hit.row; });
        }
    }
    return {static_cast<double>(found) / static_cast<double>(wanted), worst};
}

struct Filled {
    Matrix base;
    VectorIndex vectors;

    Filled(
        std::size_t rows, std::size_t dimensions, Distance distance, std::size_t graph_rows = 20'000
    )
        : base(clustered(rows, dimensions, 1)),
          vectors(dimensions, distance, std::make_unique<MemoryChunks>(), {graph_rows}) {
        EXPECT_TRUE(vectors.reserve(static_cast<Row>(rows)));
        for (Row row = 0; row < rows; ++row)
            vectors.put(row, base[row]);
    }
};

void build_all(VectorIndex& vectors, const RowSet& rows) {
    while (true) {
        const auto done = vectors.build(rows, 2);
        ASSERT_TRUE(done);
        if (*done) return;
    }
}

TEST(VectorIndex, FindsTheNearestOfAFewByAllDistances) {
    const Matrix queries = clustered(40, 96, 2);
    for (const Distance distance : {Distance::cosine, Distance::dot, Distance::l2_squared}) {
        const Filled filled(5000, 96, distance);
        const auto measured = measure(filled.vectors, filled.base, queries, RowSet::range(0, 5000));
        EXPECT_GE(measured.recall, 0.99);
        EXPECT_LT(measured.worst_error, 1e-4);
    }
}

TEST(VectorIndex, WalksTheGraphOfTwentyThousandWithHighRecall) {
    const Matrix queries = clustered(200, 96, 3);
    for (const Distance distance : {Distance::cosine, Distance::l2_squared}) {
        const Row rows = distance == Distance::cosine ? 20'000 : 5'000;
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

TEST(VectorIndex, FindsOnlyAllowedRowsAtEverySelectivity) {
    Filled filled(12'000, 96, Distance::cosine, 12'000);
    build_all(filled.vectors, RowSet::range(0, 12'000));
    const Matrix queries = clustered(50, 96, 5);
    for (const Row step : {2U, 10U, 100U, 5000U}) {
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
    VectorIndex vectors(32, Distance::cosine, std::make_unique<MemoryChunks>(), {2'000});
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

TEST(Rotation, KeepsLengthsAndProducts) {
    for (const std::size_t dimensions : {3U, 64U, 96U, 384U, 768U, 1000U, 1024U}) {
        const Rotation rotation(dimensions);
        const Matrix two = clustered(2, dimensions, 9);
        std::vector<float> a(rotation.padded());
        std::vector<float> b(rotation.padded());
        rotation.apply(two[0], a);
        rotation.apply(two[1], b);
        const auto product = [](const auto& x, const auto& y) {
            return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
        };
        EXPECT_NEAR(product(a, b) / product(two[0], two[1]), 1, 1e-4) << dimensions;
        EXPECT_NEAR(product(a, a) / product(two[0], two[0]), 1, 1e-4) << dimensions;
    }
}

TEST(VectorKernels, AgreeWithPlainLoops) {
    const VectorKernels& fast = vector_kernels();
    const VectorKernels& plain = portable_vector_kernels();
    std::mt19937 random(10);
    std::normal_distribution<float> normal;
    for (std::size_t n = 1; n < 200; ++n) {
        std::vector<float> a(n), b(n);
        for (float& x : a)
            x = normal(random);
        for (float& x : b)
            x = normal(random);
        double dot = 0;
        double l2 = 0;
        for (std::size_t i = 0; i < n; ++i) {
            dot += double{a[i]} * b[i];
            l2 += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
        }
        for (const VectorKernels* kernels : {&fast, &plain}) {
            EXPECT_NEAR(kernels->dot(a.data(), b.data(), n), dot, 1e-4);
            EXPECT_NEAR(kernels->l2_squared(a.data(), b.data(), n), l2, 1e-3);
        }
    }
    for (std::size_t words = 1; words < 20; ++words) {
        std::vector<std::uint8_t> a(64 * words);
        std::vector<std::int8_t> b(64 * words);
        std::vector<std::uint64_t> code(words), planes(4 * words);
        std::int64_t bytes = 0;
        std::uint64_t masked = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            a[i] = static_cast<std::uint8_t>(random());
            b[i] = static_cast<std::int8_t>(random());
            bytes += std::int64_t{a[i]} * b[i];
        }
        for (auto& word : code)
            word = (std::uint64_t{random()} << 32) | random();
        for (auto& word : planes)
            word = (std::uint64_t{random()} << 32) | random();
        for (std::size_t bit = 0; bit < 64 * words; ++bit) {
            for (std::size_t p = 0; p < 4; ++p) {
                masked += ((code[bit / 64] & planes[p * words + bit / 64]) >> (bit % 64) & 1) << p;
            }
        }
        for (const VectorKernels* kernels : {&fast, &plain}) {
            EXPECT_EQ(kernels->dot_bytes(a.data(), b.data(), a.size()), bytes);
            EXPECT_EQ(kernels->masked_sum(code.data(), planes.data(), words), masked);
        }
    }
}

}  // namespace
}  // namespace moat::index
