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
// Threads: any, but for the destructor.
namespace moat::inference {

class SideThreads {
  public:
    using Work = std::function<void(const std::stop_token& stop)>;

    ~SideThreads() { stop_all(); }

    // Nothing after stop_all(), which one of them may not know of yet.
    void start(Work work) {
        const std::lock_guard lock(mutex_);
        if (stopped_) return;
        threads_.remove_if([](const Running& one) { return one.done->load(); });
        auto done = std::make_shared<std::atomic<bool>>(false);
        std::jthread thread([work = std::move(work), done](const std::stop_token& stop) {
            work(stop);
            *done = true;
        });
        threads_.push_back({std::move(thread), std::move(done)});
    }

    void stop_all() {
        std::list<Running> threads;
        {
            const std::lock_guard lock(mutex_);
            stopped_ = true;
            threads.swap(threads_);
        }
        for (Running& one : threads)
            one.thread.request_stop();
    }

  private:
    struct Running {
        std::jthread thread;
        std::shared_ptr<std::atomic<bool>> done;
    };
    std::mutex mutex_;
    bool stopped_ = false;  // guarded by mutex_, as below
    std::list<Running> threads_;
};

}  // namespace moat::inference
