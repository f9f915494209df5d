// Kills a process that writes, with SIGKILL, at random moments and at every named test point of the
// store, and opens what it left: every acknowledged batch must be there whole and be found by
// id, keyword, vector and filter; a batch that was not acknowledged is there whole or not at all.
//
//   store_crash_test                   MOAT_CRASH_ROUNDS (default 50) random kills, and the
//                                      points; MOAT_CRASH_SEED: of the moments
//   store_crash_test --write FOLDER N   the child: writes batches from N on, "ack N" on stdout
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/fd.h"
#include "base/temp_dir.h"
#include "store_workload.h"

namespace moat::collections {
namespace {

// The child: batches from `next` on.
int write_for_ever(const std::filesystem::path& folder, std::uint64_t next) {
    auto database = open_workload(folder);
    if (!database) return 3;
    auto collection = open_collection(**database);
    if (!collection) return 4;
    for (;; ++next) {
        if (!write_batch(**collection, next)) return 5;
        std::printf("ack %llu\n", static_cast<unsigned long long>(next));
        std::fflush(stdout);
    }
}

struct Child {
    pid_t pid = -1;
    Fd output;
};

Child start_child(
    const std::filesystem::path& folder, std::uint64_t next, const std::string& point
) {
    int pipe_ends[2];
    EXPECT_EQ(::pipe(pipe_ends), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(pipe_ends[1], STDOUT_FILENO);
        ::close(pipe_ends[0]);
        ::close(pipe_ends[1]);
        if (!point.empty()) ::setenv("MOAT_TEST_POINT", point.c_str(), 1);
        const std::string number = std::to_string(next);
        ::execl(
            "/proc/self/exe", "store_crash_test", "--write", folder.c_str(), number.c_str(), nullptr
        );
        ::_exit(127);
    }
    ::close(pipe_ends[1]);
    return {pid, Fd(pipe_ends[0])};
}

// Reads acknowledgements until the child is gone; returns one more than the last of them.
std::uint64_t read_acks(const Child& child, std::uint64_t next) {
    std::string text;
    char buffer[4096];
    for (ssize_t n = ::read(child.output.get(), buffer, sizeof buffer); n > 0;
         n = ::read(child.output.get(), buffer, sizeof buffer)) {
        text.append(buffer, static_cast<std::size_t>(n));
    }
    // Only whole lines are acknowledgements.
    for (std::size_t at = 0; (at = text.find("ack ", at)) != std::string::npos; at += 4) {
        if (text.find('\n', at) == std::string::npos) break;
        next = std::strtoull(text.c_str() + at + 4, nullptr, 10) + 1;
    }
    return next;
}

bool killed(const Child& child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child.pid, &status, 0), child.pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

// One folder, killed and reopened again and again.
struct StoreCrash : testing::Test {
    TempDir dir;
    StoreOracle oracle;
    std::mt19937_64 random{crash_seed()};

    void kill_at_point(const std::string& point) {
        const Child child = start_child(dir.path(), oracle.next(), point);
        std::jthread watchdog([&](const std::stop_token& stop) {
            // A point that is never passed must fail the test, and not hang it.
            for (int i = 0; i < 600 && !stop.stop_requested(); ++i) {
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
            }
            if (!stop.stop_requested()) ::kill(child.pid, SIGTERM);
        });
        const std::uint64_t end = read_acks(child, oracle.next());
        watchdog.request_stop();
        EXPECT_TRUE(killed(child)) << point;
        oracle.check(dir.path(), end);
    }

    void kill_after(std::chrono::milliseconds delay) {
        const Child child = start_child(dir.path(), oracle.next(), "");
        std::this_thread::sleep_for(delay);
        ::kill(child.pid, SIGKILL);
        const std::uint64_t end = read_acks(child, oracle.next());
        EXPECT_TRUE(killed(child));
        oracle.check(dir.path(), end);
    }
};

TEST_F(StoreCrash, KeepsAcknowledgedBatchesWholeAtEveryPoint) {
    for (const char* point :
         {"write.before_commit",
          "write.after_commit",
          "seal.segment_stored",
          "seal.before_commit",
          "seal.after_commit",
          "checkpoint.body_written",
          "checkpoint.before_rename"}) {
        for (const int pass : {1, 3}) {
            SCOPED_TRACE(point);
            kill_at_point(fmt::format("{}:{}", point, pass));
            if (HasFatalFailure()) return;
        }
    }
    EXPECT_GT(oracle.next(), 20U);
}

TEST_F(StoreCrash, KeepsAcknowledgedBatchesWholeAtRandomMoments) {
    const char* rounds = std::getenv("MOAT_CRASH_ROUNDS");
    for (int i = rounds != nullptr ? std::atoi(rounds) : 50; i > 0; --i) {
        kill_after(std::chrono::milliseconds(20 + random() % 400));
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(oracle.next(), 0U);
}

}  // namespace
}  // namespace moat::collections

int main(int argc, char** argv) {
    if (argc == 4 && std::strcmp(argv[1], "--write") == 0) {
        return moat::collections::write_for_ever(argv[2], std::strtoull(argv[3], nullptr, 10));
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
