// What the sampler chooses: compared with llama.cpp's own chain over all logits, and with the
// distributions the samplers' papers define, counted over many draws.
#include "adapters/llama/token_sampler.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <numeric>
#include <random>

#include <gtest/gtest.h>
#include <sampling.h>

#include "base/json.h"

namespace moat::adapters::llama {
namespace {

using inference::GenerateRequest;
using inference::SamplingOptions;

constexpr float kNever = -std::numeric_limits<float>::infinity();

class TokenSamplerTest : public testing::Test {
  protected:
    void SetUp() override {
        const char* folder = std::getenv("MOAT_TEST_MODELS");
        if (folder == nullptr) GTEST_SKIP() << "MOAT_TEST_MODELS names no folder of test models";
        if (model_) return;
        static const LogCapture log;
        inference::ModelSource source;
        source.gguf = std::filesystem::path(folder) / "stories260k.gguf";
        if (!std::filesystem::exists(source.gguf))
            source.gguf = std::filesystem::path(folder) / "tiny-chat.gguf";
        auto loaded = Model::load(source, log, [](double) {});
        ASSERT_TRUE(loaded) << loaded.error().message;
        model_ = std::make_unique<Model>(std::move(*loaded));
    }
    static void TearDownTestSuite() { model_.reset(); }

    static std::size_t vocabulary() {
        return static_cast<std::size_t>(llama_vocab_n_tokens(model_->vocabulary()));
    }
    static GenerateRequest with(const SamplingOptions& options) {
        GenerateRequest request;
        request.sampling = options;
        return request;
    }
    static TokenSampler sampler(const GenerateRequest& request) {
        auto made = TokenSampler::make(*model_, request, nullptr, 512);
        EXPECT_TRUE(made) << made.error().message;
        return std::move(*made);
    }
    // Everything is kept, nothing is changed: what a test sets is all there is.
    static SamplingOptions open() {
        SamplingOptions options;
        options.temperature = 1;
        options.top_k = 0;
        options.top_p = 1;
        options.min_p = 0;
        return options;
    }
    // Logits of the tokens from kFirst on; no other token can be.
    static constexpr llama_token kFirst = 300;
    static std::vector<float> logits(const std::vector<float>& few, float others = kNever) {
        std::vector<float> out(vocabulary(), others);
        std::ranges::copy(few, out.begin() + kFirst);
        return out;
    }

    // How often each of `few` is chosen must be as `expected` says. `before`: tokens of the prompt.
    static void expect_distribution(
        SamplingOptions options,
        const std::vector<float>& few,
        const std::vector<double>& expected,
        const std::vector<llama_token>& before = {},
        float others = kNever
    ) {
        const int draws = vocabulary() < 10000 ? 6000 : 600;
        const auto all = logits(few, others);
        std::vector<int> counts(few.size());
        for (int i = 0; i < draws; ++i) {
            options.seed = i;
            TokenSampler one = sampler(with(options));
            one.accept_prompt(before);
            const auto token = one.sample(all);
            ASSERT_TRUE(token) << token.error().message;
            ++counts.at(static_cast<std::size_t>(*token - kFirst));
        }
        for (std::size_t i = 0; i < few.size(); ++i) {
            const double p = expected.at(i);
            const double share = static_cast<double>(counts[i]) / draws;
            EXPECT_NEAR(share, p, 4.5 * std::sqrt(p * (1 - p) / draws) + 1e-9) << "token " << i;
        }
    }

    inline static std::unique_ptr<Model> model_;
};

const std::vector<float> kFew = {2.0F, 1.5F, 1.0F, 0.5F, 0.0F, -0.5F, -1.0F, -3.0F};

std::vector<double> softmax(const std::vector<double>& logits) {
    std::vector<double> out;
    for (const double logit : logits)
        out.push_back(std::exp(logit));
    const double sum = std::accumulate(out.begin(), out.end(), 0.0);
    for (double& p : out)
        p /= sum;
    return out;
}
std::vector<double> softmax(const std::vector<float>& logits, double temperature = 1) {
    std::vector<double> scaled;
    for (const float logit : logits)
        scaled.push_back(static_cast<double>(logit) / temperature);
    return softmax(scaled);
}
// What is left of `p` for those that stay.
std::vector<double> keep(std::vector<double> p, const std::function<bool(std::size_t)>& stays) {
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i)
        sum += stays(i) ? p[i] : 0;
    for (std::size_t i = 0; i < p.size(); ++i)
        p[i] = stays(i) ? p[i] / sum : 0;
    return p;
}
double entropy(const std::vector<double>& p) {
    double out = 0;
    for (const double one : p)
        out -= one > 0 ? one * std::log(one) : 0;
    return out;
}

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
    const Tokens tokens = model_->tokenize("the", false, true);
    auto options = open();
    options.temperature = 0;
    options.logit_bias = {{.text = "the", .token = -1, .bias = 50}};
    const auto chosen = sampler(with(options)).sample(std::vector<float>(vocabulary(), 0.0F));
    ASSERT_TRUE(chosen);
    EXPECT_TRUE(std::ranges::find(tokens, *chosen) != tokens.end());
}

// The paper's algorithms, followed beside the sampler: what it chooses must be among what they
// leave, and tell as much, in bits, as tau asks on average.
class MirostatTest : public TokenSamplerTest {
  protected:
    void check(int version, double tau) {
        std::vector<double> few;
        std::vector<float> numbers(vocabulary(), kNever);
        for (std::size_t i = 0; i < 400; ++i) {
            numbers[i] = -1.2F * std::log(static_cast<float>(i + 1));  // Zipf's
            few.push_back(static_cast<double>(numbers[i]));
        }
        // Of a whole vocabulary, of which only some can be: version 1 computes with its size.
        const auto p = softmax(few);
        auto options = open();
        options.mirostat = version;
        options.mirostat_tau = static_cast<float>(tau);
        options.mirostat_eta = 0.1F;
        options.seed = 7;
        TokenSampler one = sampler(with(options));
        double mu = 2 * tau;
        double bits = 0;
        constexpr int kDraws = 1500;
        for (int i = 0; i < kDraws; ++i) {
            const std::size_t kept = version == 2 ? with_surprise_up_to(p, mu) : by_zipf(p, mu);
            const auto token = one.sample(numbers);
            ASSERT_TRUE(token);
            ASSERT_LE(static_cast<std::size_t>(*token), kept) << "version " << version;
            const double sum =
                std::accumulate(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(kept), 0.0);
            const double surprise = -std::log2(p.at(static_cast<std::size_t>(*token)) / sum);
            bits += surprise;
            mu -= 0.1 * (surprise - tau);
        }
        EXPECT_NEAR(bits / kDraws, tau, 0.15) << "version " << version;
    }

  private:
    static std::size_t with_surprise_up_to(const std::vector<double>& p, double mu) {
        std::size_t count = 0;
        while (count < p.size() && -std::log2(p[count]) <= mu)
            ++count;
        return std::max<std::size_t>(count, 1);
    }
    static std::size_t by_zipf(const std::vector<double>& p, double mu) {
        double tb = 0;
        double tt = 0;
        for (std::size_t i = 0; i < 99; ++i) {
            const double t = std::log((static_cast<double>(i) + 2) / (static_cast<double>(i) + 1));
            tb += t * std::log(p[i] / p[i + 1]);
            tt += t * t;
        }
        const double s = tb / tt;
        const double epsilon = s - 1;
        const double n = static_cast<double>(vocabulary());
        const double k = std::pow(epsilon * std::pow(2, mu) / (1 - std::pow(n, -epsilon)), 1 / s);
        return std::max<std::size_t>(static_cast<std::size_t>(k), 1);
    }
};

TEST_F(MirostatTest, HoldsTheSurprise) {
    for (const int version : {1, 2})
        for (const double tau : {2.0, 3.5})
            check(version, tau);
}

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
        LlamaChain theirs(*model_, options, 512);
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
        const auto made = TokenSampler::make(*model_, with(options), nullptr, 512);
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

// A model that would say `script`: what does the sampler make of it?
class ScriptedAnswerTest : public TokenSamplerTest {
  protected:
    struct Said {
        std::string text;
        bool ended = false;
        std::string error;
    };
    static Said say(const GenerateRequest& request, std::string_view script, int most = 200) {
        std::vector<bool> blank;
        for (std::size_t id = 0; id < vocabulary(); ++id) {
            const std::string text = model_->piece(static_cast<llama_token>(id), false);
            blank.push_back(text.find_first_not_of(" \t\r\n") == std::string::npos);
        }
        TokenSampler one = sampler(request);
        const Tokens tokens = model_->tokenize(script, false, true);
        const llama_token end = llama_vocab_eos(model_->vocabulary());
        Said out;
        for (int i = 0; i < most; ++i) {
            std::vector<float> numbers(vocabulary(), 0.0F);
            const auto next = static_cast<std::size_t>(i);
            for (std::size_t id = 0; id < numbers.size(); ++id)
                if (blank[id]) numbers[id] = -1;  // it would rather say something
            numbers[static_cast<std::size_t>(next < tokens.size() ? tokens[next] : end)] = 10;
            const auto token = one.sample(numbers);
            if (!token) {
                out.error = token.error().message;
                return out;
            }
            if (llama_vocab_is_eog(model_->vocabulary(), *token)) {
                out.ended = true;
                return out;
            }
            out.text += model_->piece(*token, one.is_preserved(*token));
        }
        return out;
    }
    static GenerateRequest greedy() {
        GenerateRequest request;
        request.sampling.temperature = 0;
        return request;
    }
    static constexpr std::string_view kSchema =
        R"({"type":"object","properties":{"a":{"enum":["x","y"]}},"required":["a"]})";
};

TEST_F(ScriptedAnswerTest, ThoughtAndSchemaAreOneAnswer) {
    auto request = greedy();
    request.json_schema = kSchema;
    request.thought = {.open = "<think>", .close = "</think>"};
    const Said said = say(request, "<think>Is it x, or {y}?</think>\nIt is x, I would say.");
    EXPECT_TRUE(said.ended) << said.text << said.error;
    const auto close = said.text.find("</think>");
    ASSERT_NE(close, std::string::npos) << said.text;
    EXPECT_NE(said.text.find("Is it x, or {y}?"), std::string::npos) << said.text;
    const auto answer = json::read(said.text.substr(close + 8));
    ASSERT_TRUE(answer) << said.text;
    EXPECT_TRUE(json::string_or(*answer, "a") == "x" || json::string_or(*answer, "a") == "y");

    // A model that does not think is bound from the first token.
    const Said at_once = say(request, "{\"a\": \"x\"} and more");
    EXPECT_TRUE(at_once.ended);
    EXPECT_EQ(at_once.text.substr(at_once.text.find('{')), "{\"a\": \"x\"}");
    // One that ends within its thought may not: the answer is still to come.
    request.thought->begun = true;
    EXPECT_FALSE(say(request, "Hm.", 20).ended);
}

TEST_F(ScriptedAnswerTest, AForcedCallIsACall) {
    auto request = greedy();
    request.calls = {
        .before = "<tool_call>\n",
        .schema = R"({"anyOf":[{"type":"object","properties":{"name":{"const":"now"},
            "arguments":{"type":"object","properties":{"zone":{"enum":["utc"]}},
            "required":["zone"],"additionalProperties":false}},"required":["name","arguments"]}]})"
    };
    const Said said = say(request, "I would rather not.");
    EXPECT_TRUE(said.ended) << said.text << said.error;
    ASSERT_TRUE(said.text.find("<tool_call>\n") <= 1) << said.text;
    const auto call = json::read(said.text.substr(said.text.find('{')));
    ASSERT_TRUE(call) << said.text;
    EXPECT_EQ(json::string_or(*call, "name"), "now");
    EXPECT_EQ(json::write(*json::find(*call, "arguments")), R"({"zone":"utc"})");
}

TEST_F(ScriptedAnswerTest, AGrammarAllowsWhatLlamasDoes) {
    auto request = greedy();
    request.grammar = "root ::= \" \"? [A-Z] [a-z]{2,5} (\", \" [a-z]+)* \".\"";
    EXPECT_LE(say(request, "Tom, a boy. And more").text.find("Tom, "), 1U);
    const SamplerPtr theirs(
        llama_sampler_init_grammar(model_->vocabulary(), request.grammar.c_str(), "root")
    );
    TokenSampler ours = sampler(request);
    // Token by token, from the whole vocabulary: the same are refused.
    std::mt19937 random(5);
    for (int step = 0; step < 12; ++step) {
        std::vector<llama_token_data> all;
        std::vector<llama_token> allowed;
        for (std::size_t i = 0; i < vocabulary(); ++i)
            all.push_back({static_cast<llama_token>(i), 1, 0});
        llama_token_data_array array{all.data(), all.size(), -1, false};
        llama_sampler_apply(theirs.get(), &array);
        for (const auto& one : all)
            if (one.logit == 1 && !llama_vocab_is_eog(model_->vocabulary(), one.id))
                allowed.push_back(one.id);
        if (allowed.empty()) break;
        // What theirs refuses is made likely: ours must choose among what theirs allows.
        std::vector<float> numbers(vocabulary(), 5.0F);
        for (const llama_token token : allowed)
            numbers[static_cast<std::size_t>(token)] = 0;
        const llama_token wanted = allowed[random() % allowed.size()];
        numbers[static_cast<std::size_t>(wanted)] = 1;
        const auto token = ours.sample(numbers);
        ASSERT_TRUE(token) << token.error().message;
        ASSERT_EQ(*token, wanted) << "step " << step;
        llama_sampler_accept(theirs.get(), *token);
    }
}

TEST_F(ScriptedAnswerTest, HostileGrammarsEndInAnErrorAndSoon) {
    const auto begin = std::chrono::steady_clock::now();
    auto request = greedy();
    // No token fits: a character the vocabulary may have, and then nothing at all.
    request.grammar = "root ::= \"a\" []";
    EXPECT_FALSE(say(request, "aaaa").error.empty());
    request.grammar = "root ::= \"a\" root \"x\" | \"a\" root \"y\" | \"a\"";
    const std::string error = say(request, std::string(400, 'a')).error;
    EXPECT_NE(error.find("too ambiguous"), std::string::npos) << error;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace moat::adapters::llama
