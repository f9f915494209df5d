#pragma once

#include <csignal>

// Ctrl-C while this lives sets a mark instead of ending the program; the destructor puts back what
// was before. Threads: one, and one of these at a time.
namespace moat::cli {

class InterruptGuard {
  public:
    InterruptGuard();
    ~InterruptGuard();
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

    bool interrupted() const;
    // Also takes the mark away.
    bool take();

  private:
    struct sigaction before_{};
};

}  // namespace moat::cli
