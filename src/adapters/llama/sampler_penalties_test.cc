// What moves single logits: penalties, DRY and biases.
#include <algorithm>
#include <cmath>

#include "adapters/llama/token_sampler_fixture.h"

namespace moat::adapters::llama {
namespace {

TEST_F(TokenSamplerTest, PenaltiesLowerWhatWasSaid) {
    auto options = open();
    options.repeat_penalty = 1.3F;
    options.frequency_penalty = 0.2F;
    options.presence_penalty = 0.4F;
    options.repeat_last_n = 4;
    std::vector<double> changed(kFew.begin(), kFew.end());
    changed[0] = 2.0 / 1.3 - 2 * 0.2 - 0.4;   // said twice
    changed[6] = -1.0 * 1.3 - 1 * 0.2 - 0.4;  // a negative logit is lowered by the product
    const std::vector<llama_token> before = {kFirst + 1, kFirst, kFirst + 6, 20, kFirst};
    expect_distribution(options, kFew, softmax(changed), before);  // the first is out of the window
    options.top_k = 8;  // the same from the highest logits only
    expect_distribution(options, kFew, softmax(changed), before);
}

TEST_F(TokenSamplerTest, DryLowersWhatWouldGoOnRepeating) {
    auto options = open();
    options.dry_multiplier = 0.8F;
    options.dry_base = 1.5F;
    options.dry_allowed_length = 2;
    options.dry_sequence_breakers = {};
    // "a b c d ... a b c": d would make it four in a row.
    const std::vector<llama_token> before = {100, 101, 102, kFirst + 1, 50, 100, 101, 102};
    std::vector<double> changed(kFew.begin(), kFew.end());
    changed[1] -= 0.8 * std::pow(1.5, 3 - 2);
    expect_distribution(options, kFew, softmax(changed), before);
    options.dry_allowed_length = 4;
    expect_distribution(options, kFew, softmax(kFew), before);
    options.dry_allowed_length = 2;
    options.dry_penalty_last_n = 4;  // the first time is forgotten
    expect_distribution(options, kFew, softmax(kFew), before);
}

TEST_F(TokenSamplerTest, BiasesMoveAndBan) {
    auto options = open();
    options.logit_bias = {
        {.text = {}, .token = kFirst + 2, .bias = 1.25F},
        {.text = {}, .token = kFirst, .bias = -100}
    };
    std::vector<double> changed(kFew.begin(), kFew.end());
    changed[2] += 1.25;
    changed[0] = -1e9;
    expect_distribution(options, kFew, softmax(changed));
    options.logit_bias.pop_back();
    options.temperature = 0;
    EXPECT_EQ(*sampler(with(options)).sample(logits(kFew)), kFirst + 2);  // raised to the top
    options.logit_bias.clear();
    for (std::size_t i = 0; i < kFew.size(); ++i)
        options.logit_bias.push_back(
            {.text = {}, .token = kFirst + static_cast<llama_token>(i), .bias = -100}
        );
    const auto none = sampler(with(options)).sample(logits(kFew));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::invalid_argument);
}

TEST_F(TokenSamplerTest, ABiasByTextIsOneOfItsTokens) {
    const Tokens tokens = model->tokenize("the", false, true);
    auto options = open();
    options.temperature = 0;
    options.logit_bias = {{.text = "the", .token = -1, .bias = 50}};
    const auto chosen = sampler(with(options)).sample(std::vector<float>(vocabulary(), 0.0F));
    ASSERT_TRUE(chosen);
    EXPECT_TRUE(std::ranges::find(tokens, *chosen) != tokens.end());
}

}  // namespace
}  // namespace moat::adapters::llama
