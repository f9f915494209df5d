#include "base/parallel.h"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

namespace moat {
namespace {

TEST(ParallelParts, VisitEachIndexOnce) {
    for (const std::size_t count : {0U, 1U, 99U, 100U, 101U, 1000U}) {
        std::vector<std::atomic<int>> seen(count);
        const auto visit = [&](std::size_t begin, std::size_t end) -> Status {
            for (std::size_t i = begin; i < end; ++i)
                ++seen[i];
            return Ok{};
        };
        EXPECT_TRUE(parallel_parts(count, 100, 4, visit));
        for (const auto& times : seen)
            EXPECT_EQ(times, 1);
    }
}

TEST(ParallelParts, AreNoSmallerThanAskedFor) {
    std::atomic<int> calls = 0;
    const auto count_calls = [&](std::size_t, std::size_t) -> Status {
        ++calls;
        return Ok{};
    };
    EXPECT_TRUE(parallel_parts(99, 50, 4, count_calls));
    EXPECT_EQ(calls, 1);
}

TEST(ParallelParts, TellTheFirstError) {
    const auto fail = [](std::size_t begin, std::size_t) -> Status {
        return Error{ErrorCode::io, std::to_string(begin)};
    };
    const Status status = parallel_parts(1000, 10, 4, fail);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, "0");
}

}  // namespace
}  // namespace moat
