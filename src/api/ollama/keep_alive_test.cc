#include "api/ollama/keep_alive.h"

#include <gtest/gtest.h>

namespace moat::api::ollama {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string error_of(std::string_view text) {
    const auto duration = parse_go_duration(text);
    return duration ? "no error" : duration.error().message;
}

// Values and texts as Go's time.ParseDuration gives them.
TEST(KeepAlive, ReadsGoDurations) {
    EXPECT_EQ(*parse_go_duration("5m"), minutes(5));
    EXPECT_EQ(*parse_go_duration("1h30m"), minutes(90));
    EXPECT_EQ(*parse_go_duration("-1m"), -minutes(1));
    EXPECT_EQ(*parse_go_duration("0"), Duration(0));
    EXPECT_EQ(*parse_go_duration("0s"), Duration(0));
    EXPECT_EQ(*parse_go_duration("1.5s"), milliseconds(1500));
    EXPECT_EQ(*parse_go_duration("300ms"), milliseconds(300));
    EXPECT_EQ(*parse_go_duration("+24h"), hours(24));
    EXPECT_EQ(error_of("300"), "time: missing unit in duration \"300\"");
    EXPECT_EQ(error_of(""), "time: invalid duration \"\"");
    EXPECT_EQ(error_of("soon"), "time: invalid duration \"soon\"");
    EXPECT_EQ(error_of("1d"), "time: unknown unit \"d\" in duration \"1d\"");
    EXPECT_EQ(error_of("-"), "time: invalid duration \"-\"");
    EXPECT_EQ(error_of("9999999999h"), "time: invalid duration \"9999999999h\"");
}

TEST(KeepAlive, NumbersAreSecondsAndNegativeIsForever) {
    EXPECT_EQ(*read_keep_alive(json::Value(300)), std::optional<Duration>(seconds(300)));
    EXPECT_EQ(*read_keep_alive(json::Value(0.5)), std::optional<Duration>(milliseconds(500)));
    EXPECT_EQ(*read_keep_alive(json::Value(0)), std::optional<Duration>(Duration(0)));
    EXPECT_LT(**read_keep_alive(json::Value(-1)), Duration(0));
    EXPECT_LT(**read_keep_alive(json::Value("-5m")), Duration(0));
    EXPECT_EQ(*read_keep_alive(json::Value(nullptr)), std::nullopt);
    EXPECT_FALSE(read_keep_alive(json::Value(true)));
}

}  // namespace
}  // namespace moat::api::ollama
