#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

// Threads for blocking work. Grows with demand up to `max_threads`, and lets idle threads go after
// 10 seconds, so an idle server holds few stacks. Every thread goes after some tasks and another
// takes its place: what the allocator keeps for each thread grows with all it ever freed, which
// over hundreds of threads is memory that a busy server would gain for half an hour.
//
// Threads: any. Owns: its threads; the destructor runs what is queued and joins. A task must not
// throw. Tasks beyond the limit wait in order; `queued()` tells how many, for those who refuse.
namespace moat {

class WorkerPool {
  public:
    using Task = std::move_only_function<void()>;

    explicit WorkerPool(std::size_t max_threads);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    void post(Task task);
    std::size_t queued() const;

  private:
    void start_thread();  // mutex_ is held
    void run();

    const std::size_t max_threads_;
    mutable std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable gone_;
    std::deque<Task> tasks_;   // guarded by mutex_
    std::size_t threads_ = 0;  // guarded by mutex_
    std::size_t idle_ = 0;     // guarded by mutex_
    bool stopping_ = false;    // guarded by mutex_
};

}  // namespace moat
