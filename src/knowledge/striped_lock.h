#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

namespace moat::knowledge {

// A mutex for every key, out of a fixed number: equal keys always share one.
// Threads: any. A thread holds one lock at a time, or all().
class StripedLock {
  public:
    [[nodiscard]] std::unique_lock<std::mutex> of(std::string_view key) {
        return std::unique_lock(mutexes_[std::hash<std::string_view>{}(key) % mutexes_.size()]);
    }
    [[nodiscard]] std::vector<std::unique_lock<std::mutex>> all() {
        std::vector<std::unique_lock<std::mutex>> locks;
        for (std::mutex& mutex : mutexes_)
            locks.emplace_back(mutex);
        return locks;
    }

  private:
    std::array<std::mutex, 32> mutexes_;
};

}  // namespace moat::knowledge
