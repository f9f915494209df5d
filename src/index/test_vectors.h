#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "index/vector_index.h"

// Vectors for tests, and exact neighbours to compare with: double precision, no code of ours.
namespace moat::index {

inline constexpr std::array kAllDistances{
    Distance::cosine,
    Distance::dot,
    Distance::l2_squared,
    Distance::manhattan,
    Distance::hamming,
};

using Matrix = std::vector<std::vector<float>>;

// Vectors around centres that share an offset, as embeddings do: spread along 32 directions, with
// a little noise in all.
inline Matrix clustered(std::size_t count, std::size_t dimensions, unsigned seed) {
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

inline double exact_distance(
    const std::vector<float>& a, const std::vector<float>& b, Distance distance
) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    double absolute = 0;
    double differing = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        dot += double{a[i]} * b[i];
        aa += double{a[i]} * a[i];
        bb += double{b[i]} * b[i];
        absolute += std::fabs(double{a[i]} - b[i]);
        differing += a[i] != b[i] ? 1 : 0;
    }
    switch (distance) {
        case Distance::dot:
            return -dot;
        case Distance::l2_squared:
            return aa + bb - 2 * dot;
        case Distance::manhattan:
            return absolute;
        case Distance::hamming:
            return differing;
        case Distance::cosine:
            return 1 - dot / std::sqrt(aa * bb);
    }
    return 0;
}

inline std::vector<ScoredRow> brute_force(
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

inline Measured measure(
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
            // Any row as near as the last of the true ones is as good.
            found += exact <= -truth.back().score + 1e-9 ? 1 : 0;
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
        : Filled(rows, dimensions, distance, VectorIndexOptions{graph_rows, 200}) {}
    Filled(
        std::size_t rows,
        std::size_t dimensions,
        Distance distance,
        const VectorIndexOptions& options
    )
        : base(clustered(rows, dimensions, 1)),
          vectors(dimensions, distance, std::make_unique<MemoryChunks>(), options) {
        EXPECT_TRUE(vectors.reserve(static_cast<Row>(rows)));
        for (Row row = 0; row < rows; ++row)
            vectors.put(row, base[row]);
    }
};

inline void build_all(VectorIndex& vectors, const RowSet& rows) {
    while (true) {
        const auto done = vectors.build(rows, 2);
        ASSERT_TRUE(done);
        if (*done) return;
    }
}

}  // namespace moat::index
