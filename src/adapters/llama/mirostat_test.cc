// Mirostat 1 and 2.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "adapters/llama/token_sampler_fixture.h"

namespace moat::adapters::llama {
namespace {

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

}  // namespace
}  // namespace moat::adapters::llama
