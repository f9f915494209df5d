#include "base/worker_pool.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

namespace moat {
namespace {

TEST(WorkerPoolTest, DestructorRunsEverythingThatWasPosted) {
    std::atomic<int> done = 0;
    {
        WorkerPool pool(3);
        for (int i = 0; i < 1000; ++i)
            pool.post([&] { ++done; });
    }
    EXPECT_EQ(done, 1000);
}

TEST(WorkerPoolTest, RunsAsManyTasksAtOnceAsItsLimit) {
    std::latch together(4);
    WorkerPool pool(4);
    for (int i = 0; i < 4; ++i)
        pool.post([&] { together.arrive_and_wait(); });
    together.wait();  // would hang if fewer than four ran at once
}

}  // namespace
}  // namespace moat
