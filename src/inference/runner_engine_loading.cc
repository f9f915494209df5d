#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/sha256.h"
#include "inference/runner_engine_entry.h"

// How runners come and go: joining a loaded model, loading one, making room, expiry.
namespace moat::inference {
namespace {

using SteadyClock = std::chrono::steady_clock;

Error cancelled() {
    return Error{ErrorCode::cancelled, "the request was cancelled"};
}

Error queue_full() {
    return Error{
        ErrorCode::busy, "server busy, please try again.  maximum pending requests exceeded"
    };
}

// Whether what is loaded serves a request for `wanted`. Options a request leaves open never
// matter, and a smaller context is served by a larger one.
bool serves(const ModelSource& loaded, int loaded_context, const ModelSource& wanted) {
    const LoadOptions& have = loaded.load;
    const LoadOptions& want = wanted.load;
    // More than the model was trained on was refused at load already: asking again gives no more.
    const bool context = want.num_ctx <= std::max(loaded_context, have.num_ctx);
    return context && want.num_batch <= have.num_batch &&
           (want.num_gpu < 0 || want.num_gpu == have.num_gpu) &&
           (want.num_thread == 0 || want.num_thread == have.num_thread) &&
           (!want.main_gpu || want.main_gpu == have.main_gpu) &&
           (!want.use_mmap || want.use_mmap == have.use_mmap);
}

// What a reload must offer: neither client is to throw out the other's model in turns.
ModelSource merged(const ModelSource& loaded, ModelSource wanted) {
    wanted.load.num_ctx = std::max(wanted.load.num_ctx, loaded.load.num_ctx);
    wanted.load.num_batch = std::max(wanted.load.num_batch, loaded.load.num_batch);
    return wanted;
}

}  // namespace

// Counts a call that waits, for the limit of the queue.
class RunnerEngine::Waiting {
  public:
    explicit Waiting(std::size_t& count) : count_(count) { ++count_; }
    ~Waiting() { --count_; }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

  private:
    std::size_t& count_;
};

std::size_t RunnerEngine::queued() const {
    std::size_t count = waiting_;
    for (const auto& [key, entry] : entries_) {
        if (entry->state != Entry::State::ready) continue;
        const int over = entry->in_flight - entry->runner->loaded().slots;
        count += static_cast<std::size_t>(std::max(0, over));
    }
    return count;
}

Result<RunnerEngine::Lease> RunnerEngine::acquire(
    const ModelSource& model, std::optional<KeepAlive> keep_alive, const std::stop_token& stop
) {
    const auto begin = SteadyClock::now();
    bool waited_for_load = false;
    Lock lock(mutex_);
    for (;;) {
        if (stop.stop_requested()) return cancelled();
        const auto found = entries_.find(model.key);
        const bool is_there = found != entries_.end() && found->second->usable();
        waited_for_load = waited_for_load || !is_there;
        auto joined = found == entries_.end() ? start(lock, model, stop)
                                              : join(lock, EntryPtr(found->second), model, stop);
        if (!joined) return std::move(joined).error();
        if (*joined == nullptr) continue;
        ++(*joined)->in_flight;
        (*joined)->keep_alive = keep_alive.value_or((*joined)->keep_alive);
        const Duration load_time = waited_for_load ? SteadyClock::now() - begin : Duration::zero();
        return Lease(*this, std::move(*joined), load_time, keep_alive);
    }
}

Result<RunnerEngine::EntryPtr> RunnerEngine::join(
    Lock& lock, const EntryPtr& entry, const ModelSource& model, const std::stop_token& stop
) {
    if (entry->state == Entry::State::loading) {
        TRY(wait_for_change(lock, stop));
        if (entry->state == Entry::State::failed) return Error(entry->failure);
        return EntryPtr();
    }
    if (!entry->usable()) {
        drop(lock, entry);
        return EntryPtr();
    }
    const bool enough = serves(entry->source, entry->runner->loaded().context_length, model);
    if (enough && entry->reloads_waiting == 0) {
        const bool must_queue = entry->in_flight >= entry->runner->loaded().slots;
        if (must_queue && queued() >= static_cast<std::size_t>(settings_.max_queue)) {
            return queue_full();
        }
        return entry;
    }
    if (enough) {
        TRY(wait_for_change(lock, stop));
    } else if (entry->in_flight == 0) {
        log::info("loading {} again: a request needs other load options", entry->source.name);
        drop(lock, entry);
        return start(lock, merged(entry->source, model), stop);
    } else {
        ++entry->reloads_waiting;
        const Status waited = wait_for_change(lock, stop);
        --entry->reloads_waiting;
        if (!waited) notify(lock);  // those that let this one go first
        TRY(Status(waited));
    }
    return EntryPtr();
}

Result<RunnerEngine::EntryPtr> RunnerEngine::start(
    Lock& lock, const ModelSource& model, const std::stop_token& stop
) {
    lock.unlock();
    auto cost = cost_of_(model);
    lock.lock();
    if (!cost) return std::move(cost).error();
    TRY_ASSIGN(const LoadPlan plan, make_room(lock, model, *cost, stop));
    // While the lock was given up another call may have begun the same load.
    if (plan.slots == 0 || entries_.contains(model.key)) return EntryPtr();

    const auto entry = std::make_shared<Entry>();
    entry->source = model;
    entry->promised_bytes = plan.needed_bytes;
    entries_[model.key] = entry;
    run_load(lock, entry, plan);
    if (entry->state == Entry::State::failed) return Error(entry->failure);
    return entry;
}

// A plan with no slots: something changed, look again.
Result<LoadPlan> RunnerEngine::make_room(
    Lock& lock, const ModelSource& model, const ModelCost& cost, const std::stop_token& stop
) {
    const int max_slots = std::max(1, settings_.max_slots);
    const bool has_place = entries_.size() < static_cast<std::size_t>(settings_.max_loaded);
    const std::uint64_t available = unpromised_memory();
    LoadPlan plan = plan_load(model, cost, settings_.default_context, max_slots, available);
    if (has_place && plan.slots > 0) return plan;

    if (const EntryPtr victim = idle_victim()) {
        log::info("unloading {} to make room for {}", victim->source.name, model.name);
        drop(lock, victim);
    } else if (entries_.empty() && leaving_ == 0) {
        return does_not_fit(cost, plan, available);
    } else {
        TRY(wait_for_change(lock, stop));
    }
    plan.slots = 0;
    return plan;
}

// Memory for states beside the pool: what was allowed, but never more than a part of what is left.
StateCache RunnerEngine::states_of(const ModelSource& model, const LoadPlan& plan) const {
    StateCache states = settings_.states;
    states.memory_bytes = std::min(states.memory_bytes, plan.spare_bytes / 4);
    if (!states.folder.empty()) states.folder /= sha256(bytes_of(model.key)).hex();
    return states;
}

void RunnerEngine::run_load(Lock& lock, const EntryPtr& entry, const LoadPlan& plan) {
    const LoadCommand command{
        entry->source, plan.context_length, plan.slots, plan.pool, states_of(entry->source, plan)
    };
    lock.unlock();
    const auto begin = SteadyClock::now();
    auto runner = RunnerProcess::start(settings_.command, command, settings_.load_stall_limit);
    const Duration took = SteadyClock::now() - begin;
    lock.lock();

    entry->promised_bytes = 0;
    if (runner) {
        entry->state = Entry::State::ready;
        entry->runner = std::move(*runner);
        entry->load_time = took;
        const LoadedReply& loaded = entry->runner->loaded();
        log::info(
            "loaded {} in {} ms: runner {}, {} tokens of context, {} slots, {} tokens for all",
            entry->source.name,
            std::chrono::duration_cast<std::chrono::milliseconds>(took).count(),
            entry->runner->pid(),
            loaded.context_length,
            loaded.slots,
            plan.pool
        );
    } else {
        entry->state = Entry::State::failed;
        entry->failure = std::move(runner).error();
        entries_.erase(entry->source.key);
        log::error("cannot load {}: {}", entry->source.name, entry->failure.message);
    }
    notify(lock);
}

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
}

Status RunnerEngine::wait_for_change(Lock& lock, const std::stop_token& stop) {
    if (queued() >= static_cast<std::size_t>(settings_.max_queue)) return queue_full();
    const Waiting waiting(waiting_);
    const std::uint64_t seen = changes_;
    changed_.wait(lock, stop, [&] { return changes_ != seen; });
    if (stop.stop_requested()) return cancelled();
    return Ok{};
}

void RunnerEngine::notify(const Lock& /*held*/) {
    ++changes_;
    changed_.notify_all();
}

void RunnerEngine::drop(Lock& lock, const EntryPtr& entry) {
    const auto found = entries_.find(entry->source.key);
    if (found != entries_.end() && found->second == entry) entries_.erase(found);
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
    notify(lock);
}

RunnerEngine::EntryPtr RunnerEngine::idle_victim() const {
    EntryPtr victim;
    for (const auto& [key, entry] : entries_) {
        if (!entry->idle()) continue;
        if (victim == nullptr || entry->expires_at < victim->expires_at) victim = entry;
    }
    return victim;
}

// What is free, without that which loads that go on will use.
std::uint64_t RunnerEngine::unpromised_memory() const {
    std::uint64_t promised = 0;
    for (const auto& [key, entry] : entries_)
        promised += entry->promised_bytes;
    const std::uint64_t memory = available_();
    return memory - std::min(memory, promised);
}

void RunnerEngine::unload_expired() {
    Lock lock(mutex_);
    for (;;) {
        const EntryPtr oldest = idle_victim();
        if (oldest == nullptr || oldest->expires_at > clock_.now()) return;
        log::info("unloading {}: its keep-alive is over", oldest->source.name);
        drop(lock, oldest);
    }
}

std::optional<Duration> RunnerEngine::until_next_expiry() const {
    const EntryPtr oldest = idle_victim();
    if (oldest == nullptr) return std::nullopt;
    return std::max<Duration>(oldest->expires_at - clock_.now(), Duration::zero());
}

void RunnerEngine::run_timer(const std::stop_token& stop) {
    Lock lock(mutex_);
    while (!stop.stop_requested()) {
        const std::uint64_t seen = changes_;
        const auto is_new = [&] { return changes_ != seen; };
        const auto left = until_next_expiry();
        if (!left) {
            changed_.wait(lock, stop, is_new);
        } else if (*left > Duration::zero()) {
            // Not longer than an hour at once: the system's clock may be set meanwhile.
            changed_.wait_for(lock, stop, std::min<Duration>(*left, std::chrono::hours(1)), is_new);
        } else {
            lock.unlock();
            unload_expired();
            lock.lock();
        }
    }
}

}  // namespace moat::inference
