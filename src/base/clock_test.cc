#include "base/clock.h"

#include <gtest/gtest.h>

namespace moat {
namespace {

// The examples of RFC 3339, section 5.8; the Unix times come from `date -d ... +%s%3N`.
TEST(Rfc3339, ReadsThePublishedExamples) {
    EXPECT_EQ(unix_ms(*parse_rfc3339("1985-04-12T23:20:50.52Z")), 482196050520);
    EXPECT_EQ(unix_ms(*parse_rfc3339("1996-12-19T16:39:57-08:00")), 851042397000);
}

TEST(Rfc3339, WritesNanosecondsInUtc) {
    EXPECT_EQ(to_rfc3339(from_unix_ms(482196050520)), "1985-04-12T23:20:50.520000000Z");
}

TEST(Rfc3339, RefusesImpossibleTimes) {
    for (const auto* bad :
         {"",
          "2026-02-30T00:00:00Z",
          "2026-01-01T24:00:00Z",
          "2026-01-01",
          "2026-01-01T00:00:00",
          "2026-01-01T00:00:00+8:00"}) {
        EXPECT_FALSE(parse_rfc3339(bad)) << bad;
    }
}

}  // namespace
}  // namespace moat
