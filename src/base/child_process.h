#pragma once

#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

// A child process of this server: the same binary with other arguments and one socket at
// descriptor 3. A child ends itself when that socket closes, so none outlives its server.
//
// Threads: one at a time, but kill() from any while none reaps (running(), wait(), the destructor).
// Owns: the process; the destructor kills and reaps.
namespace moat {

inline constexpr int kChildSocket = 3;

class ChildProcess {
  public:
    // Standard input is empty, standard error is ours. Errors: io.
    static Result<ChildProcess> start(const std::vector<std::string>& arguments, const Fd& socket);

    ~ChildProcess();
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;

    pid_t pid() const { return pid_; }
    // Still running? Does not block.
    bool running();
    // SIGKILL; the process is reaped by wait() or the destructor.
    void kill() const;
    // Waits until it ended or the time is over; false: still running.
    bool wait(std::chrono::milliseconds timeout);
    // How it ended, for people: "exit status 1", "signal 9 (SIGKILL)"; empty while it runs.
    std::string ending() const;
    // Exit status, or 128 + signal; -1 while it runs.
    int exit_code() const;

  private:
    explicit ChildProcess(pid_t pid) : pid_(pid) {}
    bool reap(bool block);

    pid_t pid_ = -1;
    bool ended_ = false;
    int status_ = 0;
};

// The path of the running binary. Errors: io.
Result<std::string> own_executable();

}  // namespace moat
