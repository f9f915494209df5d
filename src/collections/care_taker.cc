#include "collections/care_taker.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace moat::collections {
namespace {

constexpr std::chrono::seconds kRound{60};

}  // namespace

CareTaker::CareTaker() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

CareTaker::~CareTaker() {
    thread_.request_stop();
    thread_.join();
}

void CareTaker::add(const std::shared_ptr<StoredCollection>& collection) {
    const std::scoped_lock lock(mutex_);
    known_.insert(collection);
}

void CareTaker::remove(StoredCollection& collection) {
    const std::scoped_lock lock(mutex_);
    waiting_.erase(&collection);
    std::erase_if(known_, [&](const auto& known) { return known.get() == &collection; });
}

void CareTaker::ask(StoredCollection& collection) {
    {
        const std::scoped_lock lock(mutex_);
        waiting_.insert(&collection);
    }
    asked_.notify_one();
}

void CareTaker::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        if (!asked_.wait_for(lock, stop, kRound, [this] { return !waiting_.empty(); })) {
            for (const auto& collection : known_)
                waiting_.insert(collection.get());
            continue;
        }
        StoredCollection* const next = *waiting_.begin();
        waiting_.erase(waiting_.begin());
        const auto found =
            std::ranges::find(known_, next, [](const auto& known) { return known.get(); });
        if (found == known_.end()) continue;
        // Kept alive outside of the lock.
        // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
        const std::shared_ptr<StoredCollection> collection = *found;
        lock.unlock();
        const Result<bool> more = collection->maintain();
        if (!more) {
            // Nothing is lost: the next write asks again.
            log::error(
                "index upkeep of collection '{}' failed: {}",
                collection->schema().name,
                more.error().message
            );
        }
        lock.lock();
        if (more && *more) waiting_.insert(next);
    }
}

}  // namespace moat::collections
