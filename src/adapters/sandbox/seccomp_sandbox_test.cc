#include "adapters/sandbox/seccomp_sandbox.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace moat::adapters {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MOAT_SANITIZED_TEST
#endif
#endif

constexpr documents::ParseLimits kLimits{.seconds = 1, .memory_bytes = std::size_t{64} << 20U};

// Runs `work` in a confined child; its wait status.
template <class Work>
int confined(Work work) {
    const pid_t child = ::fork();
    if (child == 0) {
        const Status status = SeccompSandbox().confine(kLimits);
        ::_exit(status ? work() : 99);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

int exit_code(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(SeccompSandbox, OrdinaryWorkGoesOn) {
    EXPECT_EQ(
        exit_code(confined([] {
            std::vector<char> memory(1 << 20, 'x');
            return memory[12345] == 'x' ? 7 : 8;
        })),
        7
    );
}

TEST(SeccompSandbox, NoFileCanBeOpened) {
    EXPECT_EQ(exit_code(confined([] { return ::open("/etc/hostname", O_RDONLY) < 0 ? 7 : 8; })), 7);
    EXPECT_EQ(
        exit_code(confined([] { return ::open("/tmp/x", O_WRONLY | O_CREAT, 0600) < 0 ? 7 : 8; })),
        7
    );
}

// What the sanitizers make of these is their affair.
#ifndef MOAT_SANITIZED_TEST
TEST(SeccompSandbox, SocketsProcessesAndProgramsKill) {
    EXPECT_EQ(exit_code(confined([] { return ::socket(AF_INET, SOCK_STREAM, 0); })), -SIGSYS);
    EXPECT_EQ(exit_code(confined([] { return ::fork() == 0 ? 0 : 1; })), -SIGSYS);
    EXPECT_EQ(exit_code(confined([] { return ::execl("/bin/true", "true", nullptr); })), -SIGSYS);
    EXPECT_EQ(exit_code(confined([] { return ::unlink("/tmp/nothing"); })), -SIGSYS);
}

TEST(SeccompSandbox, MemoryEndsAtTheLimit) {
    EXPECT_EQ(
        exit_code(confined([] {
            void* volatile memory = std::malloc(kLimits.memory_bytes);
            return memory == nullptr ? 7 : 8;
        })),
        7
    );
}

TEST(SeccompSandbox, AbortStillEndsTheProcess) {
    EXPECT_EQ(exit_code(confined([]() -> int { std::abort(); })), -SIGABRT);
}
#endif

TEST(SeccompSandbox, TimeEndsAtTheLimit) {
    EXPECT_EQ(
        exit_code(confined([] {
            for (volatile unsigned i = 0;; i = i + 1) {
            }
            return 8;
        })),
        -SIGXCPU
    );
}

}  // namespace
}  // namespace moat::adapters
