#pragma once

#include <thread>

#include "cli/console.h"

namespace moat::cli {

// A turning mark on standard error while something is waited for; nothing when that is no terminal.
//
// Threads: one, beside its own. Nothing else may be printed until stop() has returned; the
// destructor stops it too.
class Spinner {
  public:
    explicit Spinner(const Console& console);
    ~Spinner() { stop(); }
    Spinner(const Spinner&) = delete;
    Spinner& operator=(const Spinner&) = delete;

    // Takes the mark away. Fine when it has stopped.
    void stop();

  private:
    std::jthread thread_;
};

}  // namespace moat::cli
