#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/sha256.h"
#include "inference/runner_engine_entry.h"

// How runners come: joining a loaded model, loading one, making room for it.
namespace moat::inference {
namespace {

using SteadyClock = std::chrono::steady_clock;

// What is known of the graphics cards' memory may be older than this only if nothing changed it,
// and other programs may.
constexpr auto kGpusKnownFor = std::chrono::seconds(2);

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

// Counts something for as long as it lives.
class Counted {
  public:
    template <class Number>
    explicit Counted(Number& count) : leave_([&count] { --count; }) {
        ++count;
    }
    ~Counted() { leave_(); }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

  private:
    std::function<void()> leave_;
};

}  // namespace

Result<RunnerEngine::Lease> RunnerEngine::acquire(const Wanted& wanted) {
    const auto begin = SteadyClock::now();
    Lock lock(mutex_);
    for (;;) {
        if (wanted.stop.stop_requested()) return request_cancelled();
        const auto found = models_.find(wanted.model.key);
        if (found == models_.end()) {
            TRY(start(lock, wanted.model, wanted));
            continue;
        }
        TRY_ASSIGN(EntryPtr joined, join(lock, FleetPtr(found->second), wanted));
        if (joined == nullptr) continue;
        ++joined->in_flight;
        joined->keep_alive = wanted.keep_alive.value_or(joined->keep_alive);
        joined->trail.add(wanted.marks);
        return Lease(*this, std::move(joined), SteadyClock::now() - begin, wanted.keep_alive);
    }
}

Result<RunnerEngine::EntryPtr> RunnerEngine::join(
    Lock& lock, const FleetPtr& fleet, const Wanted& wanted
) {
    for (const EntryPtr& entry : fleet->entries) {
        if (entry->state != Entry::State::ready || entry->usable()) continue;
        drop(lock, EntryPtr(entry));
        return EntryPtr();
    }
    const EntryPtr best = choose(*fleet, wanted.marks);
    if (best == nullptr) {  // all of them are being loaded
        TRY(await_load(lock, EntryPtr(fleet->entries.front()), wanted, true));
        return EntryPtr();
    }
    const int context = best->runner->loaded().context_length;
    if (!serves(best->source, context, wanted.model)) return join_larger(lock, fleet, wanted);
    if (fleet->reloads_waiting > 0) {
        TRY(wait_for_change(lock, wanted.stop));
        return EntryPtr();
    }
    if (!best->is_full()) return best;
    if (queued() >= static_cast<std::size_t>(settings_.max_queue)) return queue_full();
    grow(fleet, best->source);
    return best;
}

// The model is loaded with too little. It is loaded again when nobody uses it.
Result<RunnerEngine::EntryPtr> RunnerEngine::join_larger(
    Lock& lock, const FleetPtr& fleet, const Wanted& wanted
) {
    const bool idle = std::ranges::all_of(fleet->entries, [](const EntryPtr& entry) {
        return entry->state == Entry::State::ready && entry->in_flight == 0;
    });
    if (idle) {
        const ModelSource source = merged(fleet->entries.front()->source, wanted.model);
        log::info("loading {} again: a request needs other load options", source.name);
        // At once, so that nobody joins the last while the first is ended.
        models_.erase(source.key);
        for (const EntryPtr& entry : std::exchange(fleet->entries, {}))
            drop(lock, entry);
        TRY(start(lock, source, wanted));
        return EntryPtr();
    }
    ++fleet->reloads_waiting;
    Status waited = wait_for_change(lock, wanted.stop);
    --fleet->reloads_waiting;
    if (!waited) notify(lock);  // those that let this one go first
    TRY(std::move(waited));
    return EntryPtr();
}

Status RunnerEngine::start(Lock& lock, const ModelSource& model, const Wanted& wanted) {
    lock.unlock();
    auto cost = cost_of_(model);
    lock.lock();
    if (!cost) return std::move(cost).error();
    look_at_gpus(lock);
    TRY_ASSIGN(const Placement placed, make_room(lock, model, *cost, wanted.stop));
    // While the lock was given up another call may have begun the same load.
    if (!placed.fits() || models_.contains(model.key)) return Ok{};
    const EntryPtr entry = begin_load(lock, model, *cost, placed);
    entry->keep_alive = wanted.keep_alive.value_or(kShortKeepAlive);
    return await_load(lock, entry, wanted, false);
}

Result<Placement> RunnerEngine::make_room(
    Lock& lock, const ModelSource& model, const ModelCost& cost, const std::stop_token& stop
) {
    const bool has_place = models_.size() < static_cast<std::size_t>(settings_.max_loaded);
    const FreeMemory memory = free_memory();
    Placement placed = place(model, cost, memory, rules());
    if (has_place && placed.fits()) return placed;

    if (const EntryPtr victim = idle_victim()) {
        log::info("unloading {} to make room for {}", victim->source.name, model.name);
        drop(lock, victim);
    } else if (models_.empty() && leaving_ == 0) {
        return does_not_fit(cost, placed.plan, memory.all());
    } else {
        TRY(wait_for_change(lock, stop));
    }
    return Placement{};
}

RunnerEngine::EntryPtr RunnerEngine::begin_load(
    const Lock& /*held*/, const ModelSource& model, const ModelCost& cost, const Placement& place
) {
    auto entry = std::make_shared<Entry>();
    entry->source = model;
    entry->place = place;
    entry->file_bytes = cost.file_bytes;
    FleetPtr& fleet = models_[model.key];
    if (fleet == nullptr) fleet = std::make_shared<Fleet>();
    fleet->entries.push_back(entry);
    LoadCommand command{
        .model = model,
        .context_length = place.plan.context_length,
        .slots = place.plan.slots,
        .pool = place.plan.pool,
        .states = states_of(model, place.plan),
        .gpus = {},
        .gpu_layers = place.gpu_layers
    };
    for (const GpuShare& share : place.gpus)
        command.gpus.push_back(share.name);
    loads_.start([this, entry, command = std::move(command)](const std::stop_token& stop) {
        run_load(entry, command, stop);
    });
    return entry;
}

// Memory for states beside the pool: what was allowed, but never more than a part of what is left.
StateCache RunnerEngine::states_of(const ModelSource& model, const LoadPlan& plan) const {
    StateCache states = settings_.states;
    states.memory_bytes = std::min(states.memory_bytes, plan.spare_bytes / 4);
    if (!states.folder.empty()) states.folder /= sha256(bytes_of(model.key)).hex();
    return states;
}

void RunnerEngine::run_load(
    const EntryPtr& entry, const LoadCommand& command, const std::stop_token& stop
) {
    const auto watch = [&](double fraction) {
        const std::lock_guard lock(mutex_);
        entry->progress = std::clamp(fraction, 0.0, 1.0);
        progressed_.notify_all();
    };
    const auto begin = SteadyClock::now();
    auto runner = RunnerProcess::start(
        settings_.command,
        command,
        {.stall_limit = settings_.load_stall_limit, .watch = watch, .stop = stop}
    );
    if (runner) {
        const LoadedReply& loaded = (*runner)->loaded();
        log::info(
            "loaded {} in {} ms: runner {}, {} tokens of context, {} slots, {} tokens for all",
            command.model.name,
            std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begin)
                .count(),
            (*runner)->pid(),
            loaded.context_length,
            loaded.slots,
            command.pool
        );
    } else if (!stop.stop_requested()) {
        log::error("cannot load {}: {}", command.model.name, runner.error().message);
    }
    end_load(entry, std::move(runner));
}

void RunnerEngine::end_load(const EntryPtr& entry, Result<std::unique_ptr<RunnerProcess>> runner) {
    const Lock lock(mutex_);
    gpus_known_ = false;
    if (runner) {
        entry->state = Entry::State::ready;
        entry->runner = std::move(*runner);
        // Those who waited may have gone.
        const Duration stay = keep_alive_length(entry->keep_alive);
        entry->expires_at = clock_.now() + std::max(stay, kShortKeepAlive);
    } else {
        entry->state = Entry::State::failed;
        entry->failure = std::move(runner).error();
        const auto fleet = models_.find(entry->source.key);
        if (fleet != models_.end()) fleet->second->grow_after = SteadyClock::now() + kGrowthPause;
        take_out(entry);
    }
    notify(lock);
}

Status RunnerEngine::await_load(
    Lock& lock, const EntryPtr& entry, const Wanted& wanted, bool queues
) {
    if (queues && queued() >= static_cast<std::size_t>(settings_.max_queue)) return queue_full();
    std::optional<Counted> in_queue;
    if (queues) in_queue.emplace(waiting_);
    const Counted awaited(entry->awaited);
    std::optional<LoadProgress> told;
    const auto has_news = [&] {
        if (entry->state != Entry::State::loading) return true;
        return wanted.on_load && told != entry->load_progress();
    };
    while (entry->state == Entry::State::loading) {
        if (has_news()) {
            told = entry->load_progress();
            lock.unlock();
            const bool go_on = wanted.on_load(*told);
            lock.lock();
            if (!go_on) return request_cancelled();
        }
        progressed_.wait(lock, wanted.stop, has_news);
        if (wanted.stop.stop_requested()) return request_cancelled();
    }
    if (entry->state == Entry::State::failed) return Error(entry->failure);
    return Ok{};
}

Status RunnerEngine::wait_for_change(Lock& lock, const std::stop_token& stop) {
    if (queued() >= static_cast<std::size_t>(settings_.max_queue)) return queue_full();
    const Counted waiting(waiting_);
    const std::uint64_t seen = changes_;
    changed_.wait(lock, stop, [&] { return changes_ != seen; });
    if (stop.stop_requested()) return request_cancelled();
    return Ok{};
}

void RunnerEngine::notify(const Lock& /*held*/) {
    ++changes_;
    changed_.notify_all();
    progressed_.notify_all();
}

std::size_t RunnerEngine::queued() const {
    std::size_t count = waiting_;
    for (const EntryPtr& entry : entries()) {
        if (entry->state != Entry::State::ready) continue;
        count += static_cast<std::size_t>(std::max(0, entry->in_flight - entry->slots()));
    }
    return count;
}

PlacementRules RunnerEngine::rules() const {
    return {
        .default_context = settings_.default_context,
        .max_slots = std::max(1, settings_.max_slots),
        .gpu_overhead_bytes = settings_.gpu_overhead_bytes,
        .spread = settings_.spread
    };
}

void RunnerEngine::look_at_gpus(Lock& lock) {
    if (!probe_gpus_) return;
    if (gpus_known_ && SteadyClock::now() - gpus_seen_ < kGpusKnownFor) return;
    const std::uint64_t seen = changes_;
    lock.unlock();
    std::vector<Gpu> gpus = probe_gpus_();
    lock.lock();
    gpus_ = std::move(gpus);
    gpus_seen_ = SteadyClock::now();
    gpus_known_ = changes_ == seen;
}

// What is free, without that which loads that go on will use.
FreeMemory RunnerEngine::free_memory() const {
    FreeMemory out{.gpus = gpus_, .machine_bytes = available_()};
    const auto take = [](std::uint64_t& bytes, std::uint64_t promised) {
        bytes -= std::min(bytes, promised);
    };
    for (const EntryPtr& entry : entries()) {
        if (entry->state != Entry::State::loading) continue;
        take(out.machine_bytes, entry->place.machine_bytes);
        for (const GpuShare& share : entry->place.gpus) {
            const auto gpu = std::ranges::find(out.gpus, share.name, &Gpu::name);
            if (gpu != out.gpus.end()) take(gpu->free_bytes, share.bytes);
        }
    }
    return out;
}

}  // namespace moat::inference
