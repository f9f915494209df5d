#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "adapters/llama/token_sampler.h"

// A sampler on a test model, fed with logits that a test makes up, and the arithmetic of what it
// should choose.
namespace moat::adapters::llama {

using inference::GenerateRequest;
using inference::SamplingOptions;

inline constexpr float kNever = -std::numeric_limits<float>::infinity();
inline const std::vector<float> kFew = {2.0F, 1.5F, 1.0F, 0.5F, 0.0F, -0.5F, -1.0F, -3.0F};

class TokenSamplerTest : public testing::Test {
  protected:
    void SetUp() override;  // skips without test models
    static void TearDownTestSuite() { model.reset(); }

    static std::size_t vocabulary();
    static GenerateRequest with(const SamplingOptions& options);
    static TokenSampler sampler(const GenerateRequest& request);
    // Everything is kept, nothing is changed: what a test sets is all there is.
    static SamplingOptions open();
    // Logits of the tokens from kFirst on; no other token can be.
    static constexpr llama_token kFirst = 300;
    static std::vector<float> logits(const std::vector<float>& few, float others = kNever);

    // How often each of `few` is chosen must be as `expected` says. `before`: tokens of the prompt.
    static void expect_distribution(
        SamplingOptions options,
        const std::vector<float>& few,
        const std::vector<double>& expected,
        const std::vector<llama_token>& before = {},
        float others = kNever
    );

    inline static std::unique_ptr<Model> model;
};

std::vector<double> softmax(const std::vector<double>& logits);
std::vector<double> softmax(const std::vector<float>& logits, double temperature = 1);
// What is left of `p` for those that stay.
std::vector<double> keep(std::vector<double> p, const std::function<bool(std::size_t)>& stays);
double entropy(const std::vector<double>& p);

}  // namespace moat::adapters::llama
