#include "base/worker_pool.h"

#include <algorithm>
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

TEST(WorkerPoolTest, OneThreadAtATimeRunsAllTasksInOrderButNotOneThreadAllOfThem) {
    int next = 0;
    int most_of_one_thread = 0;
    {
        WorkerPool pool(1);
        for (int i = 0; i < 200; ++i) {
            pool.post([&, i] {
                static thread_local int of_this_thread = 0;
                most_of_one_thread = std::max(most_of_one_thread, ++of_this_thread);
                EXPECT_EQ(next++, i);
            });
        }
    }
    EXPECT_EQ(next, 200);
    EXPECT_LT(most_of_one_thread, 100);
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
