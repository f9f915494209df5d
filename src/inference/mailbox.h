#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>

#include "inference/protocol.h"

// Replies of a runner on their way to the one call that waits for them.
// Threads: put() and close() by the runner's reader, take() by the call.
namespace moat::inference {

class Mailbox {
  public:
    enum class Empty { closed, stopped, timed_out };
    struct Taken {
        std::optional<Reply> reply;
        Empty why = Empty::closed;  // when there is no reply
    };

    void put(Reply reply);
    // The runner is gone: what was put before is still taken, then take() says closed.
    void close();
    // Waits. `limit` of zero or less: without limit.
    Taken take(std::stop_token stop, Duration limit = Duration::zero());

  private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Reply> replies_;  // guarded by mutex_
    bool closed_ = false;        // guarded by mutex_
};

}  // namespace moat::inference
