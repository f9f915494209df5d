#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "inference/placement.h"

namespace moat::inference {

// Asks a child process for this machine's graphics cards: the server itself never opens one, which
// would take memory of each for as long as it runs. A machine found without cards is not asked
// again.
//
// Threads: any. A child that cannot be asked is a warning in the log, and no cards.
// Cost: the start of a process, and of the cards' driver.
class GpuWatch {
  public:
    // `command`: of a runner, program and arguments.
    explicit GpuWatch(std::vector<std::string> command) : command_(std::move(command)) {}

    std::vector<Gpu> look();

  private:
    const std::vector<std::string> command_;
    std::atomic<bool> none_ = false;
};

}  // namespace moat::inference
