// Kills a process that writes, with SIGKILL, at random moments and at every named test point of the
// store, and opens what it left: every acknowledged batch must be there whole and be found by
// id, keyword, vector and filter; a batch that was not acknowledged is there whole or not at all.
//
//   store_crash_test                   MOAT_CRASH_ROUNDS (default 50) random kills, and the
//                                      points; MOAT_CRASH_SEED: of the moments
//   store_crash_test --write FOLDER N [T]   the child: writes batches from N on, "ack N" on stdout;
//                                           with T beside it tenants from T on ("tenant T"),
//                                           changes of the index, backups
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
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
void say(const char* what, std::uint64_t number) {
    std::printf("%s %llu\n", what, static_cast<unsigned long long>(number));
    std::fflush(stdout);
}

int write_for_ever(
    const std::filesystem::path& folder, std::uint64_t next, std::optional<std::uint64_t> tenant
) {
    auto database = open_workload(folder);
    if (!database) return 3;
    auto collection = open_collection(**database);
    if (!collection) return 4;
    std::jthread beside;
    if (tenant) {
        beside = std::jthread([&] {
            ::_exit(keep_changing(**database, folder, *tenant, [](std::uint64_t made) {
                say("tenant", made);
            }));
        });
    }
    for (;; ++next) {
        if (!write_batch(**collection, next)) ::_exit(5);
        say("ack", next);
    }
}

struct Child {
    pid_t pid = -1;
    Fd output;
};

Child start_child(
    const std::filesystem::path& folder,
    std::uint64_t next,
    const std::string& point,
    std::optional<std::uint64_t> tenant = {}
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
        const std::string of_tenants = tenant ? std::to_string(*tenant) : "";
        ::execl(
            "/proc/self/exe",
            "store_crash_test",
            "--write",
            folder.c_str(),
            number.c_str(),
            tenant ? of_tenants.c_str() : nullptr,
            nullptr
        );
        ::_exit(127);
    }
    ::close(pipe_ends[1]);
    return {pid, Fd(pipe_ends[0])};
}

// One more than the last number that is said; only whole lines count.
std::uint64_t end_of(const std::string& text, const std::string& what, std::uint64_t next) {
    const std::string start = what + " ";
    for (std::size_t at = 0; (at = text.find(start, at)) != std::string::npos; at += start.size()) {
        if (text.find('\n', at) == std::string::npos) break;
        next = std::strtoull(text.c_str() + at + start.size(), nullptr, 10) + 1;
    }
    return next;
}

// What the child says until it is gone.
std::string read_all(const Child& child) {
    std::string text;
    char buffer[4096];
    for (ssize_t n = ::read(child.output.get(), buffer, sizeof buffer); n > 0;
         n = ::read(child.output.get(), buffer, sizeof buffer)) {
        text.append(buffer, static_cast<std::size_t>(n));
    }
    return text;
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

    std::uint64_t tenants = 0;

    void kill_at_point(const std::string& point, bool with_changes = false) {
        const Child child = start_child(
            dir.path(), oracle.next(), point, with_changes ? std::optional(tenants) : std::nullopt
        );
        std::jthread watchdog([&](const std::stop_token& stop) {
            // A point that is never passed must fail the test, and not hang it.
            for (int i = 0; i < 600 && !stop.stop_requested(); ++i) {
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
            }
            if (!stop.stop_requested()) ::kill(child.pid, SIGTERM);
        });
        const std::string said = read_all(child);
        watchdog.request_stop();
        EXPECT_TRUE(killed(child)) << point;
        check(said);
    }

    void kill_after(std::chrono::milliseconds delay, bool with_changes = false) {
        const Child child = start_child(
            dir.path(), oracle.next(), "", with_changes ? std::optional(tenants) : std::nullopt
        );
        std::this_thread::sleep_for(delay);
        ::kill(child.pid, SIGKILL);
        const std::string said = read_all(child);
        EXPECT_TRUE(killed(child));
        check(said);
    }

    void check(const std::string& said) {
        oracle.check(dir.path(), end_of(said, "ack", oracle.next()));
        if (HasFatalFailure()) return;
        tenants = end_of(said, "tenant", tenants);
        if (tenants > 0) check_tenants(dir.path(), tenants);
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

// The same while tenants are made, an index is changed and backups are taken.
TEST_F(StoreCrash, KeepsAcknowledgedChangesAtEveryPoint) {
    for (const char* point : {"reindex.segment_stored", "reindex.before_commit"}) {
        SCOPED_TRACE(point);
        kill_at_point(point, true);
        if (HasFatalFailure()) return;
    }
    for (int i = 0; i < 6; ++i) {
        kill_after(std::chrono::milliseconds(20 + random() % 400), true);
        if (HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace moat::collections

int main(int argc, char** argv) {
    if (argc >= 4 && std::strcmp(argv[1], "--write") == 0) {
        std::optional<std::uint64_t> tenant;
        if (argc == 5) tenant = std::strtoull(argv[4], nullptr, 10);
        return moat::collections::write_for_ever(
            argv[2], std::strtoull(argv[3], nullptr, 10), tenant
        );
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
