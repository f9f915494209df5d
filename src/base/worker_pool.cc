#include "base/worker_pool.h"

#include <chrono>

#include "base/check.h"

namespace moat {
namespace {

constexpr int kTasksOfOneThread = 16;

}  // namespace

WorkerPool::WorkerPool(std::size_t max_threads) : max_threads_(max_threads) {
    CHECK(max_threads > 0);
}

WorkerPool::~WorkerPool() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    work_.notify_all();
    // The last thread signals while holding the lock, so it touches nothing of ours afterwards.
    gone_.wait(lock, [this] { return threads_ == 0; });
}

void WorkerPool::post(Task task) {
    const std::lock_guard lock(mutex_);
    CHECK(!stopping_, "post() to a pool that is being destroyed");
    tasks_.push_back(std::move(task));
    if (idle_ >= tasks_.size() || threads_ >= max_threads_) {
        work_.notify_one();
        return;
    }
    start_thread();
}

void WorkerPool::start_thread() {
    ++threads_;
    std::thread([this] { run(); }).detach();  // owned by threads_, awaited by the destructor
}

std::size_t WorkerPool::queued() const {
    const std::lock_guard lock(mutex_);
    return tasks_.size();
}

void WorkerPool::run() {
    std::unique_lock lock(mutex_);
    for (int done = 0; done < kTasksOfOneThread;) {
        ++idle_;
        const bool woken = work_.wait_for(lock, std::chrono::seconds(10), [this] {
            return stopping_ || !tasks_.empty();
        });
        --idle_;
        if (tasks_.empty()) {
            if (woken && !stopping_) continue;
            break;
        }
        Task task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        task = nullptr;  // its captures end here, not under the lock
        lock.lock();
        ++done;
    }
    --threads_;
    if (tasks_.size() > idle_) start_thread();
    gone_.notify_all();
}

}  // namespace moat
