#include "inference/mailbox.h"

namespace moat::inference {

void Mailbox::put(Reply reply) {
    const std::lock_guard lock(mutex_);
    replies_.push_back(std::move(reply));
    changed_.notify_one();
}

void Mailbox::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_one();
}

Mailbox::Taken Mailbox::take(std::stop_token stop, Duration limit) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return closed_ || !replies_.empty(); };
    if (limit <= Duration::zero()) {
        changed_.wait(lock, stop, ready);
    } else if (!changed_.wait_for(lock, stop, limit, ready) && !stop.stop_requested()) {
        return {std::nullopt, Empty::timed_out};
    }
    // A call that was stopped is not interested in what has come meanwhile.
    if (stop.stop_requested()) return {std::nullopt, Empty::stopped};
    if (replies_.empty()) return {std::nullopt, Empty::closed};
    Taken taken{std::move(replies_.front()), Empty::closed};
    replies_.pop_front();
    return taken;
}

}  // namespace moat::inference
