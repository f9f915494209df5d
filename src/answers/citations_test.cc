#include "answers/citations.h"

#include <gtest/gtest.h>

namespace moat::answers {
namespace {

struct Filtered {
    std::string text;
    std::vector<int> citations;
};

Filtered filtered(std::string_view answer, std::size_t piece, int count = 3) {
    CitationFilter filter(count);
    std::string text;
    for (std::size_t at = 0; at < answer.size(); at += piece)
        text += filter.push(answer.substr(at, piece));
    text += filter.finish();
    return {text, filter.citations()};
}

struct Case {
    const char* written;
    const char* shown;
    std::vector<int> citations;
};

TEST(Citations, AreReadTheSameHoweverTheAnswerIsCut) {
    const std::vector<Case> cases{
        {"Fifteen days [1].", "Fifteen days [1].", {1}},
        {"Both [2, 1] and [1][3]", "Both [2][1] and [1][3]", {2, 1, 3}},
        {"All [1-3].", "All [1][2][3].", {1, 2, 3}},
        {"年假十五天【2】。", "年假十五天[2]。", {2}},
        {"年假[1、3]十五天", "年假[1][3]十五天", {1, 3}},
        {"Invented [7].", "Invented.", {}},
        {"Half [2, 9]!", "Half [2]!", {2}},
        {"Nothing [0] here", "Nothing here", {}},
        {"A list [x] and [] and [a1]", "A list [x] and [] and [a1]", {}},
        {"Code `a[1]` stays", "Code `a[1]` stays", {}},
        {"Cut off [1", "Cut off [1", {}},
        {"Spaces   stay", "Spaces   stay", {}},
        {"[99999999999999999999] too much", "[99999999999999999999] too much", {}},
        {"[1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]", "[1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]", {}},
    };
    for (const Case& one : cases)
        for (const std::size_t piece : {1U, 2U, 3U, 5U, 1000U}) {
            const Filtered got = filtered(one.written, piece);
            EXPECT_EQ(got.text, one.shown) << "in pieces of " << piece;
            EXPECT_EQ(got.citations, one.citations) << one.written;
        }
}

TEST(Citations, TextIsHeldBackOnlyWhileItMayBecomeACitation) {
    CitationFilter filter(3);
    EXPECT_EQ(filter.push("Yes"), "Yes");
    EXPECT_EQ(filter.push(" [1"), "");
    EXPECT_EQ(filter.push("] a"), " [1] a");
}

TEST(Citations, OfFinishedTextAreFoundInOrder) {
    EXPECT_EQ(citations_in("a [2][1] b [2] [x] [3"), (std::vector<int>{2, 1}));
}

}  // namespace
}  // namespace moat::answers
