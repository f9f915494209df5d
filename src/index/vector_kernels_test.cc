#include "index/vector_kernels.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include <gtest/gtest.h>

#include "index/rotation.h"
#include "index/test_vectors.h"

namespace moat::index {
namespace {

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

std::vector<float> normals(std::size_t n, std::mt19937& random) {
    std::normal_distribution<float> normal;
    std::vector<float> out(n);
    for (float& x : out)
        x = normal(random);
    return out;
}

TEST(VectorKernels, OfFloatsAgreeWithDoubles) {
    std::mt19937 random(10);
    for (std::size_t n = 1; n < 200; ++n) {
        const std::vector<float> a = normals(n, random);
        std::vector<float> b = normals(n, random);
        for (std::size_t i = 0; i < n; i += 3)
            b[i] = a[i];
        double dot = 0;
        for (std::size_t i = 0; i < n; ++i)
            dot += double{a[i]} * b[i];
        for (const VectorKernels* kernels : all_vector_kernels()) {
            SCOPED_TRACE(kernels->name);
            EXPECT_NEAR(kernels->dot(a.data(), b.data(), n), dot, 1e-4);
            const auto exact = [&](Distance d) { return exact_distance(a, b, d); };
            EXPECT_NEAR(
                kernels->l2_squared(a.data(), b.data(), n), exact(Distance::l2_squared), 1e-3
            );
            EXPECT_NEAR(
                kernels->manhattan(a.data(), b.data(), n), exact(Distance::manhattan), 1e-3
            );
            EXPECT_EQ(
                static_cast<double>(kernels->hamming(a.data(), b.data(), n)),
                exact(Distance::hamming)
            );
        }
    }
}

TEST(VectorKernels, OfBytesAgreeWithPlainLoops) {
    std::mt19937 random(11);
    for (std::size_t n = 64; n < 1300; n += 64) {
        std::vector<std::uint8_t> a(n);
        std::vector<std::uint8_t> b(n);
        std::int64_t product = 0;
        std::int64_t manhattan = 0;
        std::int64_t hamming = 0;
        for (std::size_t i = 0; i < n; ++i) {
            a[i] = static_cast<std::uint8_t>(random());
            b[i] = i % 5 == 0 ? a[i] : static_cast<std::uint8_t>(random());
            product += std::int64_t{a[i]} * static_cast<std::int8_t>(b[i]);
            manhattan += std::abs(int{a[i]} - int{b[i]});
            hamming += a[i] != b[i] ? 1 : 0;
        }
        const auto* const as_signed = reinterpret_cast<const std::int8_t*>(b.data());
        for (const VectorKernels* kernels : all_vector_kernels()) {
            SCOPED_TRACE(kernels->name);
            EXPECT_EQ(kernels->dot_bytes(a.data(), as_signed, n), product);
            EXPECT_EQ(kernels->manhattan_bytes(a.data(), b.data(), n), manhattan);
            EXPECT_EQ(kernels->hamming_bytes(a.data(), b.data(), n), hamming);
        }
    }
}

void expect_products(const std::vector<std::uint8_t>& nibbles, const std::vector<std::int8_t>& b) {
    std::int64_t product = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        const unsigned both = nibbles[i / 64 * 32 + i % 32];
        const unsigned value = i % 64 < 32 ? both % 16 : both / 16;
        product += std::int64_t{value} * b[i];
    }
    for (const VectorKernels* kernels : all_vector_kernels()) {
        SCOPED_TRACE(kernels->name);
        EXPECT_EQ(kernels->dot_nibbles(nibbles.data(), b.data(), b.size()), product);
    }
}

TEST(VectorKernels, OfNibblesAgreeWithValueByValue) {
    std::mt19937 random(14);
    for (std::size_t n = 64; n < 1300; n += 64) {
        std::vector<std::uint8_t> nibbles(n / 2);
        std::vector<std::int8_t> b(n);
        std::ranges::generate(nibbles, [&] { return static_cast<std::uint8_t>(random()); });
        std::ranges::generate(b, [&] { return static_cast<std::int8_t>(random()); });
        expect_products(nibbles, b);
        // And at the end of what either side can be.
        expect_products(
            std::vector<std::uint8_t>(n / 2, 0xFF), std::vector<std::int8_t>(n, std::int8_t{-128})
        );
    }
}

TEST(VectorKernels, OfBitsAgreeWithBitByBit) {
    std::mt19937_64 random(12);
    for (std::size_t words = 1; words < 40; ++words) {
        std::vector<std::vector<std::uint64_t>> codes(5, std::vector<std::uint64_t>(words));
        std::vector<std::uint64_t> planes(4 * words);
        std::vector<const std::uint64_t*> pointers;
        for (auto& code : codes) {
            for (auto& word : code)
                word = random();
            pointers.push_back(code.data());
        }
        for (auto& word : planes)
            word = random();
        for (const VectorKernels* kernels : all_vector_kernels()) {
            SCOPED_TRACE(kernels->name);
            std::vector<std::uint32_t> sums(codes.size());
            kernels->masked_sums(pointers.data(), 5, planes.data(), words, sums.data());
            for (std::size_t c = 0; c < codes.size(); ++c) {
                std::uint64_t expected = 0;
                for (std::size_t bit = 0; bit < 64 * words; ++bit) {
                    const auto shared = [&](std::size_t p) {
                        const std::uint64_t plane = planes[p * words + bit / 64];
                        return ((codes[c][bit / 64] & plane) >> (bit % 64)) & 1;
                    };
                    expected += shared(0) + 2 * shared(1) + 4 * shared(2) + 8 * shared(3);
                }
                EXPECT_EQ(sums[c], expected);
            }
            std::size_t set = 0;
            for (std::size_t bit = 0; bit < 64 * words; ++bit)
                set += (codes[0][bit / 64] >> (bit % 64)) & 1;
            EXPECT_EQ(kernels->count_bits(codes[0].data(), words), set);
        }
    }
}

TEST(VectorKernels, RankIsWhereAScoreBelongsBehindItsEquals) {
    std::mt19937 random(13);
    for (std::size_t n = 0; n < 100; ++n) {
        std::vector<float> scores(n);
        for (float& score : scores)
            score = static_cast<float>(random() % 20);
        std::ranges::sort(scores, std::greater<>());
        for (float score = -1; score < 21; score += 1) {
            const auto at = std::ranges::upper_bound(scores, score, std::greater<>());
            for (const VectorKernels* kernels : all_vector_kernels()) {
                SCOPED_TRACE(kernels->name);
                EXPECT_EQ(
                    kernels->rank(scores.data(), n, score),
                    static_cast<std::size_t>(at - scores.begin())
                );
            }
        }
    }
}

}  // namespace
}  // namespace moat::index
