// Whole chains, compared with llama.cpp's own over all logits.
#include <cmath>
#include <map>
#include <random>

#include <sampling.h>

#include "adapters/llama/token_sampler_fixture.h"

namespace moat::adapters::llama {
namespace {

// llama.cpp's chain on the same numbers, with none left out.
class LlamaChain {
  public:
    LlamaChain(const Model& model, const SamplingOptions& o, int context) {
        common_params_sampling p;
        p.seed = static_cast<std::uint32_t>(o.seed);
        p.temp = o.temperature;
        p.top_k = o.top_k;
        p.top_p = o.top_p;
        p.min_p = o.min_p;
        p.typ_p = o.typical_p;
        p.penalty_last_n = o.repeat_last_n;
        p.penalty_repeat = o.repeat_penalty;
        p.penalty_freq = o.frequency_penalty;
        p.penalty_present = o.presence_penalty;
        p.mirostat = o.mirostat;
        p.mirostat_tau = o.mirostat_tau;
        p.mirostat_eta = o.mirostat_eta;
        p.dry_multiplier = o.dry_multiplier;
        p.dry_base = o.dry_base;
        p.dry_allowed_length = o.dry_allowed_length;
        p.dry_penalty_last_n = o.dry_penalty_last_n < 0 ? context : o.dry_penalty_last_n;
        p.dry_sequence_breakers = o.dry_sequence_breakers;
        p.xtc_probability = o.xtc_probability;
        p.xtc_threshold = o.xtc_threshold;
        p.top_n_sigma = o.top_n_sigma;
        p.dynatemp_range = o.dynatemp_range;
        p.dynatemp_exponent = o.dynatemp_exponent;
        for (const auto& bias : o.logit_bias)
            p.logit_bias.push_back({bias.token, bias.bias});
        sampler_.reset(common_sampler_init(model.get(), p));
    }
    llama_token sample(const std::vector<float>& logits) {
        std::vector<llama_token_data> all;
        for (std::size_t i = 0; i < logits.size(); ++i)
            all.push_back({static_cast<llama_token>(i), logits[i], 0});
        llama_token_data_array array{all.data(), all.size(), -1, false};
        llama_sampler_apply(common_sampler_get(sampler_.get()), &array);
        const llama_token token = array.data[array.selected].id;
        common_sampler_accept(sampler_.get(), token, true);
        return token;
    }

  private:
    common_sampler_ptr sampler_;
};

std::map<std::string, SamplingOptions> chains() {
    std::map<std::string, SamplingOptions> out;
    out["defaults"];
    out["cold"].temperature = 0.2F;
    out["penalties"].repeat_penalty = 1.2F;
    out["penalties"].frequency_penalty = 0.5F;
    out["raising penalty"].repeat_penalty = 0.8F;
    out["greedy with penalties"].temperature = 0;
    out["greedy with penalties"].presence_penalty = 1.5F;
    out["min_p and typical_p"].min_p = 0.05F;
    out["min_p and typical_p"].typical_p = 0.8F;
    out["no top_k"].top_k = 0;
    out["dry"].dry_multiplier = 1;
    out["dry"].dry_base = 2;
    out["dry, short"].dry_multiplier = 2;
    out["dry, short"].dry_penalty_last_n = 16;
    out["xtc"].xtc_probability = 0.7F;
    out["xtc"].xtc_threshold = 0.05F;
    out["top_n_sigma"].top_n_sigma = 1.5F;
    out["dynatemp"].dynatemp_range = 0.5F;
    out["cold dynatemp"].temperature = 0;
    out["cold dynatemp"].dynatemp_range = 0.5F;
    out["bias"].logit_bias = {{.text = {}, .token = 77, .bias = 3}};
    out["lowering bias"].logit_bias = {{.text = {}, .token = 300, .bias = -8}};
    out["mirostat 1"].mirostat = 1;
    out["mirostat 2"].mirostat = 2;
    auto& all = out["all at once"];
    all.repeat_penalty = 1.1F;
    all.dry_multiplier = 0.8F;
    all.top_n_sigma = 2;
    all.typical_p = 0.9F;
    all.min_p = 0.02F;
    all.xtc_probability = 0.5F;
    all.dynatemp_range = 0.3F;
    all.logit_bias = {{.text = {}, .token = 301, .bias = 2}};
    return out;
}

TEST_F(TokenSamplerTest, EveryChainChoosesAsLlamasOwn) {
    const int steps = vocabulary() < 10000 ? 150 : 15;
    for (auto& [name, options] : chains()) {
        options.seed = 1234;
        TokenSampler ours = sampler(with(options));
        LlamaChain theirs(*model, options, 512);
        std::mt19937 random(99);
        std::normal_distribution<float> normal(0, 3);
        std::vector<float> numbers(vocabulary());
        for (int step = 0; step < steps; ++step) {
            // Some of the numbers stay, so that tokens come again and there is what to penalise.
            for (std::size_t i = 0; i < numbers.size(); ++i)
                if (step == 0 || i % 7 == static_cast<std::size_t>(step % 7))
                    numbers[i] = normal(random);
            const auto token = ours.sample(numbers);
            ASSERT_TRUE(token) << name << ": " << token.error().message;
            ASSERT_EQ(*token, theirs.sample(numbers)) << name << ", step " << step;
        }
    }
}

TEST_F(TokenSamplerTest, OptionsOutOfRangeAreRefused) {
    const float inf = std::numeric_limits<float>::infinity();
    std::vector<std::pair<std::string, SamplingOptions>> wrong(6);
    wrong[0] = {"temperature must be a finite number", {.temperature = inf}};
    wrong[1] = {"mirostat must be 0, 1 or 2", {.mirostat = 3}};
    wrong[2] = {"repeat_penalty must be greater than 0", {.repeat_penalty = 0}};
    wrong[3] = {"dry_multiplier must not be negative", {.dry_multiplier = -1}};
    wrong[4].first = "at most 32 dry_sequence_breakers";
    wrong[4].second.dry_sequence_breakers.assign(33, "x");
    wrong[5].first = "logit_bias names token 100000000, which the model lacks";
    wrong[5].second.logit_bias = {{.text = {}, .token = 100000000, .bias = 1}};
    for (const auto& [message, options] : wrong) {
        const auto made = TokenSampler::make(*model, with(options), nullptr, 512);
        ASSERT_FALSE(made) << message;
        EXPECT_EQ(made.error().message, message);
        EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
    }
}

TEST_F(TokenSamplerTest, NumbersThatAreNoneAreAnError) {
    for (auto options : {SamplingOptions{}, open()}) {
        const std::vector<float> nan(vocabulary(), std::nanf(""));
        const auto token = sampler(with(options)).sample(nan);
        ASSERT_FALSE(token);
        EXPECT_EQ(token.error().code, ErrorCode::internal);
    }
}

}  // namespace
}  // namespace moat::adapters::llama
