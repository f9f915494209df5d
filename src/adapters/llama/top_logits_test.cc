#include "adapters/llama/top_logits.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace moat::adapters::llama {
namespace {

// By sorting everything.
std::vector<llama_token> slowly(const std::vector<float>& logits, std::size_t count) {
    std::vector<llama_token> ids;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (!std::isnan(logits[i])) ids.push_back(static_cast<llama_token>(i));
    }
    std::ranges::sort(ids, [&](llama_token a, llama_token b) {
        const float x = logits[static_cast<std::size_t>(a)];
        const float y = logits[static_cast<std::size_t>(b)];
        return x != y ? x > y : a < b;
    });
    ids.resize(std::min(count, ids.size()));
    return ids;
}

std::vector<llama_token> quickly(const std::vector<float>& logits, std::size_t count) {
    std::vector<llama_token_data> top;
    top_logits(logits, count, top);
    std::vector<llama_token> ids;
    for (const auto& one : top) {
        EXPECT_EQ(one.logit, logits[static_cast<std::size_t>(one.id)]);
        ids.push_back(one.id);
    }
    return ids;
}

TEST(TopLogitsTest, AgreesWithSortingEverything) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 4);
    for (const std::size_t size : {1U, 15U, 64U, 65U, 1000U, 4097U}) {
        std::vector<float> logits(size);
        for (float& logit : logits)
            logit = normal(random);
        for (const std::size_t count : {1U, 2U, 40U, 63U, 500U, 5000U}) {
            EXPECT_EQ(quickly(logits, count), slowly(logits, count)) << size << " " << count;
        }
    }
}

TEST(TopLogitsTest, AgreesWhenMostAreEqual) {
    std::mt19937 random(2);
    for (int round = 0; round < 50; ++round) {
        std::vector<float> logits(700);
        for (float& logit : logits)
            logit = static_cast<float>(random() % 3);
        EXPECT_EQ(quickly(logits, 40), slowly(logits, 40));
    }
}

TEST(TopLogitsTest, MinusInfinityCountsAndNotANumberDoesNot) {
    const float infinity = std::numeric_limits<float>::infinity();
    std::vector<float> logits(200, -infinity);
    logits[150] = 1;
    EXPECT_EQ(quickly(logits, 3), (std::vector<llama_token>{150, 0, 1}));
    logits.assign(200, std::nanf(""));
    EXPECT_TRUE(quickly(logits, 3).empty());
    logits[77] = -5;
    EXPECT_EQ(quickly(logits, 3), (std::vector<llama_token>{77}));
}

TEST(TopLogitsTest, NothingOfNothing) {
    EXPECT_TRUE(quickly({}, 3).empty());
    EXPECT_TRUE(quickly({1, 2}, 0).empty());
}

}  // namespace
}  // namespace moat::adapters::llama
