#pragma once

#include <csignal>

// Ctrl-C while this lives sets a mark instead of ending the program; the destructor puts back what
// was before. Threads: one, and one of these at a time. Aborts when the system has no descriptor
// left.
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
    // Readable while the mark stands: for who waits for something else too.
    int descriptor() const;

  private:
    struct sigaction before_{};
};

}  // namespace moat::cli
