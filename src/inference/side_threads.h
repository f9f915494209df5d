#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

// Threads that each do one long thing and end. The destructor asks them to stop and waits.
// Threads: any, but for stop_all() and the destructor.
namespace moat::inference {

class SideThreads {
  public:
    using Work = std::function<void(const std::stop_token& stop)>;

    ~SideThreads() { stop_all(); }

    void start(Work work) {
        auto done = std::make_shared<std::atomic<bool>>(false);
        std::jthread thread([work = std::move(work), done](const std::stop_token& stop) {
            work(stop);
            *done = true;
        });
        const std::lock_guard lock(mutex_);
        threads_.remove_if([](const Running& one) { return one.done->load(); });
        threads_.push_back({std::move(thread), std::move(done)});
    }

    void stop_all() {
        for (Running& one : threads_)
            one.thread.request_stop();
        threads_.clear();
    }

  private:
    struct Running {
        std::jthread thread;
        std::shared_ptr<std::atomic<bool>> done;
    };
    std::mutex mutex_;
    std::list<Running> threads_;  // guarded by mutex_
};

}  // namespace moat::inference
