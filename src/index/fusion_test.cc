#include "index/fusion.h"

#include <array>

#include <gtest/gtest.h>

namespace moat::index {
namespace {

constexpr auto kByRow = [](Row a, Row b) { return a < b; };

// Keyword leg: rows 1, 2, 3 with 8, 6, 4; vector leg: rows 2, 4 with 0.9, 0.5.
const std::vector<ScoredRow> kWords{{1, 8}, {2, 6}, {3, 4}};
const std::vector<ScoredRow> kNear{{2, 0.9}, {4, 0.5}};

void expect(const std::vector<ScoredRow>& found, const std::vector<ScoredRow>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].row, expected[i].row) << i;
        EXPECT_NEAR(found[i].score, expected[i].score, 1e-12) << i;
    }
}

TEST(Fusion, RankedAddsWeightOverSixtyPlusRank) {
    const std::array legs{Leg{0.25, kWords}, Leg{0.75, kNear}};
    expect(
        fuse(legs, Fusion::ranked, 10, kByRow),
        {{2, 0.25 / 61 + 0.75 / 60}, {4, 0.75 / 61}, {1, 0.25 / 60}, {3, 0.25 / 62}}
    );
}

TEST(Fusion, RelativeStretchesEachLegFromZeroToOne) {
    const std::array legs{Leg{0.5, kWords}, Leg{0.5, kNear}};
    // row 2: 0.5 * (6-4)/(8-4) + 0.5 * 1; row 1: 0.5 * 1; rows 3 and 4 are the least of their legs,
    // and of those the vector leg's order decides last: row 3 is not in the first leg of the
    // weight.
    expect(
        fuse(legs, Fusion::relative_score, 10, kByRow), {{2, 0.75}, {1, 0.5}, {3, 0.0}, {4, 0.0}}
    );
}

TEST(Fusion, RelativeGivesAllTheWeightWhereScoresAreEqual) {
    const std::vector<ScoredRow> same{{7, 3}, {9, 3}};
    const std::array legs{Leg{0.4, same}};
    expect(fuse(legs, Fusion::relative_score, 10, kByRow), {{7, 0.4}, {9, 0.4}});
}

TEST(Fusion, EqualSumsGoByTheHeaviestLegsScoreAndThenById) {
    const std::vector<ScoredRow> words{{1, 1}, {2, 0}};
    const std::vector<ScoredRow> near{{3, 1}, {4, 0}};
    const std::array legs{Leg{0.5, words}, Leg{0.5, near}};
    const auto larger_first = [](Row a, Row b) { return a > b; };
    const auto found = fuse(legs, Fusion::relative_score, 10, larger_first);
    // 1 and 3 have 0.5 each; 1 has a score in the first leg of the greatest weight.
    EXPECT_EQ(found[0].row, 1U);
    EXPECT_EQ(found[1].row, 3U);
    EXPECT_EQ(found[2].row, 2U);
    EXPECT_EQ(found[3].row, 4U);
}

TEST(Fusion, OrdersEqualsByIdAlsoAcrossTheLimit) {
    const std::vector<ScoredRow> same{{1, 5}, {2, 5}, {3, 5}};
    const std::array legs{Leg{1, same}};
    const auto larger_first = [](Row a, Row b) { return a > b; };
    expect(fuse(legs, Fusion::relative_score, 2, larger_first), {{3, 1}, {2, 1}});
    EXPECT_TRUE(fuse(legs, Fusion::relative_score, 0, larger_first).empty());
}

TEST(Fusion, OfNothingIsNothing) {
    const std::array legs{Leg{0.5, {}}, Leg{0.5, {}}};
    EXPECT_TRUE(fuse(legs, Fusion::ranked, 10, kByRow).empty());
    EXPECT_TRUE(fuse({}, Fusion::ranked, 10, kByRow).empty());
}

}  // namespace
}  // namespace moat::index
