#include "base/json.h"

#include <cstring>
#include <random>

#include <gtest/gtest.h>

namespace moat::json {
namespace {

TEST(Json, DoublesRoundTripExactly) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t bits = random();
        double number = 0;
        std::memcpy(&number, &bits, sizeof number);
        if (!std::isfinite(number)) continue;
        const auto back = read(write(Value(number)));
        ASSERT_TRUE(back);
        EXPECT_EQ(back->to_number<double>(), number);
    }
}

TEST(Json, ZeroKeepsItsSign) {
    EXPECT_TRUE(std::signbit(read(write(Value(-0.0)))->to_number<double>()));
}

TEST(Json, KeepsTheOrderOfKeysAndTheLastOfRepeatedOnes) {
    EXPECT_EQ(write(*read(R"({"b":1,"a":2,"b":3})")), R"({"b":3,"a":2})");
}

TEST(Json, WritesEscapesAsRfc8259AndAsGo) {
    const Value value = *read(R"("<a>&\u0001\"\\\n中")");
    EXPECT_EQ(write(value), "\"<a>&\\u0001\\\"\\\\\\n中\"");
    EXPECT_EQ(write(value, Style::html_safe), "\"\\u003ca\\u003e\\u0026\\u0001\\\"\\\\\\n中\"");
}

TEST(Json, RefusesWhatIsNoJson) {
    for (const auto* bad : {"", "{", "[1,]", "nul", "{\"a\"}", "\"\xFF\"", "1 2"})
        EXPECT_FALSE(read(bad)) << bad;
}

TEST(Json, DepthIsBounded) {
    EXPECT_TRUE(read(std::string(100, '[') + std::string(100, ']')));
    EXPECT_FALSE(read(std::string(5000, '[') + std::string(5000, ']')));
}

TEST(Json, LookUpsForgiveOtherTypes) {
    const Value value = *read(R"({"s":"x","n":2.5,"b":true})");
    EXPECT_EQ(string_or(value, "s"), "x");
    EXPECT_EQ(string_or(value, "n", "d"), "d");
    EXPECT_EQ(int_or(value, "n", 0), 2);
    EXPECT_EQ(number_or(value, "n", 0), 2.5);
    EXPECT_TRUE(bool_or(value, "b", false));
    EXPECT_EQ(find(Value(1), "s"), nullptr);
}

}  // namespace
}  // namespace moat::json
