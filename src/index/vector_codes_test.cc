#include "index/vector_codes.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "index/test_vectors.h"

namespace moat::index {
namespace {

// How far estimates are from what they estimate, in shares of |q'| |c|, on average.
double error_of(CodeWidth width, std::size_t dimensions, bool by_signs) {
    const Matrix base = clustered(200, dimensions, 1);
    const Matrix queries = clustered(10, dimensions, 2);
    const Rotation rotation(dimensions);
    const std::vector<std::span<const float>> sample(base.begin(), base.end());
    const auto frame = VectorCodes::learn(sample, Distance::l2_squared);
    VectorCodes codes(rotation, Distance::l2_squared, frame, width);
    EXPECT_TRUE(codes.grow_to(200));
    std::vector<Row> rows(200);
    std::iota(rows.begin(), rows.end(), 0);
    for (const Row row : rows)
        codes.put(row, base[row]);
    const auto norm_of = [&](const std::vector<float>& vector) {
        double sum = 0;
        for (std::size_t i = 0; i < dimensions; ++i)
            sum += std::pow(double{vector[i]} - frame.centre[i], 2);
        return sum;
    };
    double error = 0;
    std::vector<float> estimates(rows.size());
    for (const auto& query : queries) {
        VectorCodes::Query prepared;
        codes.prepare(query, prepared);
        if (by_signs) {
            codes.estimate(prepared, rows, estimates.data());
        } else {
            codes.refine(prepared, rows, estimates.data());
        }
        for (const Row row : rows) {
            const double exact =
                norm_of(query) - exact_distance(base[row], query, Distance::l2_squared);
            const double size = 2 * std::sqrt(norm_of(query) * norm_of(base[row]));
            error += std::fabs(estimates[row] - exact) / size;
        }
    }
    return error / 2000;
}

// A code that renders c with the error e in length errs by e |q'| |c| / sqrt(n) on average, as
// directions in n dimensions are. For e: the best 16 levels of normally distributed values have
// 0.1075 (Max 1960), signs 0.6028 and the factor about as much again.
TEST(VectorCodes, ErrAsTheirBitsAllow) {
    for (const std::size_t dimensions : {128U, 512U, 768U}) {
        SCOPED_TRACE(dimensions);
        const double usual = std::sqrt(2 / 3.14159265 / static_cast<double>(dimensions));
        EXPECT_LT(error_of(CodeWidth::four, dimensions, false), 1.4 * 0.1075 * usual);
        EXPECT_LT(error_of(CodeWidth::eight, dimensions, false), 0.25 * 0.1075 * usual);
        if (dimensions < 512) continue;
        for (const CodeWidth width : {CodeWidth::four, CodeWidth::eight})
            EXPECT_LT(error_of(width, dimensions, true), 1.4 * 0.76 * usual);
    }
}

TEST(VectorCodes, OfFourBitsTakeHalfTheRoom) {
    const Rotation rotation(384);
    const VectorCodes::Frame frame{std::vector<float>(384), 0};
    VectorCodes wide(rotation, Distance::cosine, frame, CodeWidth::eight);
    VectorCodes narrow(rotation, Distance::cosine, frame, CodeWidth::four);
    EXPECT_EQ(wide.values().row_bytes(), 384U);
    EXPECT_EQ(narrow.values().row_bytes(), 192U);
    EXPECT_LT(narrow.records().row_bytes(), wide.records().row_bytes());
}

TEST(VectorCodes, PairsOfRowsAreScoredAlikeFromBothSides) {
    const Matrix base = clustered(20, 96, 3);
    const Rotation rotation(96);
    const std::vector<std::span<const float>> sample(base.begin(), base.end());
    for (const CodeWidth width : {CodeWidth::four, CodeWidth::eight}) {
        VectorCodes codes(
            rotation, Distance::l2_squared, VectorCodes::learn(sample, Distance::l2_squared), width
        );
        ASSERT_TRUE(codes.grow_to(20));
        for (Row row = 0; row < 20; ++row)
            codes.put(row, base[row]);
        const auto pair = [&](Row from, Row to) {
            VectorCodes::Query query;
            codes.prepare_row(from, query);
            float score = 0;
            codes.refine(query, std::span(&to, 1), &score);
            return score + codes.base(from);
        };
        for (Row a = 0; a < 20; ++a) {
            for (Row b = 0; b < a; ++b)
                EXPECT_NEAR(pair(a, b), pair(b, a), 1e-3 * std::fabs(pair(a, b)) + 1e-3);
        }
    }
}

}  // namespace
}  // namespace moat::index
