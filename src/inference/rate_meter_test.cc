#include "inference/rate_meter.h"

#include <gtest/gtest.h>

namespace moat::inference {
namespace {

TEST(RateMeterTest, CountsTimeOnceHoweverManyRun) {
    RateMeter meter;
    const RateMeter::Time zero{};
    const auto at = [&](int seconds) { return zero + std::chrono::seconds(seconds); };
    EXPECT_EQ(meter.tokens_per_second(at(0)), 0);
    meter.begin(at(0));
    meter.begin(at(5));
    meter.end(at(10), 60);
    meter.end(at(20), 40);
    EXPECT_DOUBLE_EQ(meter.tokens_per_second(at(20)), 5);  // 100 tokens, 20 busy seconds
    meter.begin(at(40));                                   // idle between is not counted
    meter.end(at(50), 200);
    EXPECT_DOUBLE_EQ(meter.tokens_per_second(at(50)), 10);
    EXPECT_DOUBLE_EQ(meter.tokens_per_second(at(100)), 20);  // only the last is young enough
    EXPECT_EQ(meter.tokens_per_second(at(200)), 0);
}

}  // namespace
}  // namespace moat::inference
