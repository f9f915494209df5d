#include <algorithm>
#include <utility>

#include "base/log.h"
#include "inference/runner_engine_entry.h"

// How runners go: at the end of a keep-alive, when another needs the room, when they are told to.
namespace moat::inference {

void RunnerEngine::release(const EntryPtr& entry, std::optional<KeepAlive> keep_alive) {
    Lock lock(mutex_);
    --entry->in_flight;
    const Time now = clock_.now();
    entry->expires_at = keep_alive ? now + keep_alive_length(*keep_alive)
                                   : std::max<Time>(entry->expires_at, now + kShortKeepAlive);
    const bool over = entry->unload_when_idle || entry->expires_at <= now;
    if (!entry->usable() || (entry->in_flight == 0 && over)) {
        drop(lock, entry);
    } else {
        notify(lock);
    }
    // Who lets the model go means all of it; where others answer still, their requests decide.
    if (keep_alive == KeepAlive::zero()) unload_idle(lock, entry->source.key);
}

void RunnerEngine::unload_idle(Lock& lock, const std::string& key) {
    for (const EntryPtr& entry : entries())
        if (entry->source.key == key && entry->idle()) drop(lock, entry);
}

void RunnerEngine::take_out(const EntryPtr& entry) {
    const auto found = models_.find(entry->source.key);
    if (found == models_.end()) return;
    std::erase(found->second->entries, entry);
    if (found->second->entries.empty()) models_.erase(found);
}

void RunnerEngine::drop(Lock& lock, const EntryPtr& entry) {
    take_out(entry);
    notify(lock);
    // Calls still running on a dead runner end by themselves; the last of them frees it.
    if (entry->in_flight > 0) return;
    std::unique_ptr<RunnerProcess> runner = std::move(entry->runner);
    entry->state = Entry::State::gone;
    if (runner == nullptr) return;
    ++leaving_;
    lock.unlock();
    runner.reset();  // waits for the child to end, so that its memory is back
    lock.lock();
    --leaving_;
    gpus_known_ = false;
    notify(lock);
}

std::vector<RunnerEngine::EntryPtr> RunnerEngine::entries() const {
    std::vector<EntryPtr> out;
    for (const auto& [key, fleet] : models_)
        out.insert(out.end(), fleet->entries.begin(), fleet->entries.end());
    return out;
}

// One that its model can do without, else the one that expires first.
RunnerEngine::EntryPtr RunnerEngine::idle_victim() const {
    for (const auto& [key, fleet] : models_) {
        const auto ready = std::ranges::count_if(fleet->entries, &Entry::usable);
        const auto idle = std::ranges::find_if(fleet->entries, &Entry::idle);
        if (ready > 1 && idle != fleet->entries.end()) return *idle;
    }
    return next_to_expire();
}

RunnerEngine::EntryPtr RunnerEngine::next_to_expire() const {
    EntryPtr next;
    for (const EntryPtr& entry : entries()) {
        if (!entry->idle()) continue;
        if (next == nullptr || entry->expires_at < next->expires_at) next = entry;
    }
    return next;
}

void RunnerEngine::unload_expired() {
    Lock lock(mutex_);
    for (;;) {
        const EntryPtr oldest = next_to_expire();
        if (oldest == nullptr || oldest->expires_at > clock_.now()) return;
        log::info("unloading {}: its keep-alive is over", oldest->source.name);
        drop(lock, oldest);
    }
}

void RunnerEngine::run_timer(const std::stop_token& stop) {
    Lock lock(mutex_);
    while (!stop.stop_requested()) {
        const std::uint64_t seen = changes_;
        const auto is_new = [&] { return changes_ != seen; };
        const EntryPtr next = next_to_expire();
        const Duration left = next == nullptr ? Duration() : next->expires_at - clock_.now();
        if (next == nullptr) {
            changed_.wait(lock, stop, is_new);
        } else if (left > Duration::zero()) {
            // Not longer than an hour at once: the system's clock may be set meanwhile.
            changed_.wait_for(lock, stop, std::min<Duration>(left, std::chrono::hours(1)), is_new);
        } else {
            lock.unlock();
            unload_expired();
            lock.lock();
        }
    }
}

}  // namespace moat::inference
