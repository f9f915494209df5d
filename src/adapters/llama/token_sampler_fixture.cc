#include "adapters/llama/token_sampler_fixture.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace moat::adapters::llama {

void TokenSamplerTest::SetUp() {
    const char* folder = std::getenv("MOAT_TEST_MODELS");
    if (folder == nullptr) GTEST_SKIP() << "MOAT_TEST_MODELS names no folder of test models";
    if (model) return;
    static const LogCapture log;
    inference::ModelSource source;
    source.gguf = std::filesystem::path(folder) / "stories260k.gguf";
    if (!std::filesystem::exists(source.gguf))
        source.gguf = std::filesystem::path(folder) / "tiny-chat.gguf";
    auto loaded = Model::load(source, {}, log, [](double) {});
    ASSERT_TRUE(loaded) << loaded.error().message;
    model = std::make_unique<Model>(std::move(*loaded));
}

std::size_t TokenSamplerTest::vocabulary() {
    return static_cast<std::size_t>(llama_vocab_n_tokens(model->vocabulary()));
}

GenerateRequest TokenSamplerTest::with(const SamplingOptions& options) {
    GenerateRequest request;
    request.sampling = options;
    return request;
}

TokenSampler TokenSamplerTest::sampler(const GenerateRequest& request) {
    auto made = TokenSampler::make(*model, request, nullptr, 512);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
}

SamplingOptions TokenSamplerTest::open() {
    SamplingOptions options;
    options.temperature = 1;
    options.top_k = 0;
    options.top_p = 1;
    options.min_p = 0;
    return options;
}

std::vector<float> TokenSamplerTest::logits(const std::vector<float>& few, float others) {
    std::vector<float> out(vocabulary(), others);
    std::ranges::copy(few, out.begin() + kFirst);
    return out;
}

void TokenSamplerTest::expect_distribution(
    SamplingOptions options,
    const std::vector<float>& few,
    const std::vector<double>& expected,
    const std::vector<llama_token>& before,
    float others
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

std::vector<double> softmax(const std::vector<double>& logits) {
    std::vector<double> out;
    for (const double logit : logits)
        out.push_back(std::exp(logit));
    const double sum = std::accumulate(out.begin(), out.end(), 0.0);
    for (double& p : out)
        p /= sum;
    return out;
}

std::vector<double> softmax(const std::vector<float>& logits, double temperature) {
    std::vector<double> scaled;
    for (const float logit : logits)
        scaled.push_back(static_cast<double>(logit) / temperature);
    return softmax(scaled);
}

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

}  // namespace moat::adapters::llama
