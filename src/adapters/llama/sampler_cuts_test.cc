// The samplers that leave some tokens out or sharpen the rest: what is chosen over many draws is
// the distribution their papers define.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "adapters/llama/token_sampler_fixture.h"

namespace moat::adapters::llama {
namespace {

TEST_F(TokenSamplerTest, Temperature) {
    auto options = open();
    options.temperature = 0.7F;
    expect_distribution(options, kFew, softmax(kFew, 0.7F));
}

TEST_F(TokenSamplerTest, TopK) {
    auto options = open();
    options.top_k = 3;
    expect_distribution(options, kFew, keep(softmax(kFew), [](std::size_t i) { return i < 3; }));
}

TEST_F(TokenSamplerTest, TopPKeepsTheFewestThatReachIt) {
    auto options = open();
    options.top_p = 0.75F;
    const auto p = softmax(kFew);
    std::size_t count = 0;
    for (double sum = 0; sum < 0.75; ++count)
        sum += p[count];
    expect_distribution(options, kFew, keep(p, [&](std::size_t i) { return i < count; }));
}

TEST_F(TokenSamplerTest, MinPKeepsWhatReachesAShareOfTheLikeliest) {
    auto options = open();
    options.min_p = 0.2F;
    const auto p = softmax(kFew);
    expect_distribution(options, kFew, keep(p, [&](std::size_t i) { return p[i] >= 0.2 * p[0]; }));
}

TEST_F(TokenSamplerTest, TypicalPKeepsTheLeastSurprisingInformation) {
    auto options = open();
    options.typical_p = 0.6F;
    const auto p = softmax(kFew);
    const double h = entropy(p);
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, {}, [&](std::size_t i) { return std::abs(-std::log(p[i]) - h); });
    std::vector<bool> stays(p.size());
    double sum = 0;
    for (std::size_t i = 0; sum <= 0.6; ++i) {
        stays[order[i]] = true;
        sum += p[order[i]];
    }
    // The entropy is of all tokens, and of none that cannot be.
    constexpr float kHardly = -60;
    const auto expected = keep(p, [&](std::size_t i) { return stays[i]; });
    expect_distribution(options, kFew, expected, {}, kHardly);
}

TEST_F(TokenSamplerTest, TheLikeliestNeedNotBeTypical) {
    // One with three tenths, and sixteen that share the rest: the entropy is nearer to theirs.
    std::vector<float> few(17, std::log(0.7F / 16));
    few[0] = std::log(0.3F);
    auto options = open();
    options.typical_p = 0.3F;
    options.temperature = 0;
    for (const bool banned : {false, true}) {
        if (banned) options.logit_bias = {{.text = {}, .token = 5, .bias = -100}};
        const auto token = sampler(with(options)).sample(logits(few, -60));
        ASSERT_TRUE(token);
        EXPECT_NE(*token, kFirst);
    }
}

TEST_F(TokenSamplerTest, TopNSigmaKeepsWhatIsNearTheHighestLogit) {
    auto options = open();
    options.top_n_sigma = 1;
    double mean = 0;
    for (const float x : kFew)
        mean += static_cast<double>(x) / static_cast<double>(kFew.size());
    double squares = 0;
    for (const float x : kFew)
        squares += std::pow(static_cast<double>(x) - mean, 2);
    const double sigma = std::sqrt(squares / static_cast<double>(kFew.size()));
    expect_distribution(options, kFew, keep(softmax(kFew), [&](std::size_t i) {
                            return static_cast<double>(kFew[i]) >= 2.0 - sigma;
                        }));
}

TEST_F(TokenSamplerTest, XtcDropsTheTopChoicesSometimes) {
    auto options = open();
    options.xtc_probability = 0.4F;
    options.xtc_threshold = 0.15F;
    const auto p = softmax(kFew);
    // Of all that reach the threshold, only the least likely stays.
    std::size_t last = 0;
    for (std::size_t i = 0; i < p.size(); ++i)
        if (p[i] >= 0.15) last = i;
    ASSERT_GT(last, 0U);
    const auto dropped = keep(p, [&](std::size_t i) { return i >= last; });
    std::vector<double> expected;
    for (std::size_t i = 0; i < p.size(); ++i)
        expected.push_back(0.6 * p[i] + 0.4 * dropped[i]);
    expect_distribution(options, kFew, expected);
}

TEST_F(TokenSamplerTest, TheTemperatureMovesWithTheEntropy) {
    auto options = open();
    options.top_k = 8;
    options.temperature = 1;
    options.dynatemp_range = 0.6F;
    options.dynatemp_exponent = 1.5F;
    const auto p = softmax(kFew);
    const double part = entropy(p) / std::log(static_cast<double>(p.size()));
    const double temperature = 0.4 + (1.6 - 0.4) * std::pow(part, 1.5);
    expect_distribution(options, kFew, softmax(kFew, temperature));
}

}  // namespace
}  // namespace moat::adapters::llama
