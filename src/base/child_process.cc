#include "base/child_process.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

extern char** environ;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): POSIX

namespace moat {

Result<ChildProcess> ChildProcess::start(
    const std::vector<std::string>& arguments, const Fd& socket
) {
    CHECK(!arguments.empty());
    std::vector<char*> argv;
    for (const auto& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);

    // dup2 onto itself would keep close-on-exec, so go through another number first.
    const Fd source(::fcntl(socket.get(), F_DUPFD_CLOEXEC, kChildSocket + 1));
    if (!source) return Error{ErrorCode::io, "cannot pass a socket to a child process"};

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, 2, 1);
    posix_spawn_file_actions_adddup2(&actions, source.get(), kChildSocket);

    // A server's ignored or blocked signals must not be its children's.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    // Its own process group: Ctrl-C in a terminal reaches the server, which stops its children.
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    );

    pid_t pid = -1;
    const int code = ::posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (code != 0) {
        return Error{
            ErrorCode::io, "cannot start a child process: " + std::system_category().message(code)
        };
    }
    return ChildProcess(pid);
}

ChildProcess::~ChildProcess() {
    if (pid_ < 0 || ended_) return;
    kill();
    reap(true);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), ended_(other.ended_), status_(other.status_) {}

bool ChildProcess::reap(bool block) {
    if (ended_) return true;
    pid_t got = 0;
    do {
        got = ::waitpid(pid_, &status_, block ? 0 : WNOHANG);
    } while (got < 0 && errno == EINTR);
    ended_ = got == pid_ || got < 0;
    return ended_;
}

bool ChildProcess::running() {
    return !reap(false);
}

void ChildProcess::kill() const {
    if (pid_ > 0 && !ended_) ::kill(pid_, SIGKILL);
}

bool ChildProcess::wait(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!reap(false)) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

std::string ChildProcess::ending() const {
    if (!ended_) return "";
    if (WIFSIGNALED(status_)) {
        const char* name = ::sigabbrev_np(WTERMSIG(status_));
        return "signal " + std::to_string(WTERMSIG(status_)) + " (SIG" +
               (name == nullptr ? "?" : name) + ")";
    }
    return "exit status " + std::to_string(WEXITSTATUS(status_));
}

int ChildProcess::exit_code() const {
    if (!ended_) return -1;
    return WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
}

Result<std::string> own_executable() {
    char path[4096];
    const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
    if (length <= 0) return Error{ErrorCode::io, "cannot find the path of this program"};
    return std::string(path, static_cast<std::size_t>(length));
}

}  // namespace moat
