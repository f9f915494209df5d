#pragma once

#include <atomic>
#include <cstddef>

namespace moat {

// A number of bytes that several users of memory share, so that together they keep within it.
// Threads: any.
class MemoryBudget {
  public:
    explicit MemoryBudget(std::size_t limit) : limit_(limit) {}

    // False, and nothing is taken, when there is no room for so many.
    bool take(std::size_t bytes) {
        std::size_t used = used_;
        do {
            if (bytes > limit_ || used > limit_ - bytes) return false;
        } while (!used_.compare_exchange_weak(used, used + bytes));
        return true;
    }
    // Of what has to be in memory, room or not.
    void add(std::size_t bytes) { used_ += bytes; }
    void give_back(std::size_t bytes) { used_ -= bytes; }

    std::size_t used() const { return used_; }
    std::size_t limit() const { return limit_; }

  private:
    const std::size_t limit_;
    std::atomic<std::size_t> used_ = 0;
};

// What the machine has, or the control group lets this process use, whichever is less.
std::size_t machine_memory();

}  // namespace moat
