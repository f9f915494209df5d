#include "cli/console.h"

#include <gtest/gtest.h>

namespace moat::cli {
namespace {

using namespace std::chrono_literals;

TEST(Table, AlignsWideCharactersByTheColumnsTheyTake) {
    EXPECT_EQ(
        table({"NAME", "N"}, {{"知识库", "1"}, {"abc", "22"}}),
        "NAME      N     \n"
        "知识库    1     \n"
        "abc       22    \n"
    );
}

// The examples of Ollama's documentation of `list` and `ps`.
TEST(HumanSize, IsDecimalWithOneDigitBelowTen) {
    EXPECT_EQ(human_size(1'321'098'329), "1.3 GB");
    EXPECT_EQ(human_size(986'061'892), "986 MB");
    EXPECT_EQ(human_size(999), "999 B");
}

TEST(HumanTime, UsesOllamasSteps) {
    const Time now = *parse_rfc3339("2026-06-01T12:00:00Z");
    EXPECT_EQ(human_time(now + 4min + 30s, now), "4 minutes from now");
    EXPECT_EQ(human_time(now - 1min, now), "About a minute ago");
    EXPECT_EQ(human_time(now - 47h, now), "47 hours ago");
    EXPECT_EQ(human_time(now - 72h, now), "3 days ago");
    EXPECT_EQ(human_time(now, now), "Less than a second ago");
    EXPECT_EQ(human_time(Time{}, now), "Never");
}

// By the rules of time.Duration.String() in Go's documentation.
TEST(HumanDuration, IsWrittenAsGoWritesIt) {
    EXPECT_EQ(human_duration(0), "0s");
    EXPECT_EQ(human_duration(17), "17ns");
    EXPECT_EQ(human_duration(1'500), "1.5µs");
    EXPECT_EQ(human_duration(35'200'000), "35.2ms");
    EXPECT_EQ(human_duration(4'821'737'500), "4.8217375s");
    EXPECT_EQ(human_duration(1'000'000'000), "1s");
    EXPECT_EQ(human_duration(62'500'000'000), "1m2.5s");
    EXPECT_EQ(human_duration(3'600'000'000'000), "1h0m0s");
}

}  // namespace
}  // namespace moat::cli
