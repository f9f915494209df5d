#pragma once

#include <algorithm>

#include "inference/rate_meter.h"
#include "inference/runner_engine.h"

// Only for the sources of RunnerEngine.
namespace moat::inference {

// "Forever", for those who show it; and what a longer keep-alive is cut to.
constexpr Duration kFarFuture = std::chrono::hours(24LL * 365 * 100);
constexpr Duration kShortKeepAlive = std::chrono::minutes(1);
// Between tries to start another runner of a model, when one failed or found no room.
constexpr auto kGrowthPause = std::chrono::seconds(10);

inline Duration keep_alive_length(KeepAlive given) {
    return given < KeepAlive::zero() ? kFarFuture : std::min(given, kFarFuture);
}

inline Error request_cancelled() {
    return Error{ErrorCode::cancelled, "the request was cancelled"};
}

// A runner that is there or is being loaded. Everything is guarded by the engine's mutex, except
// that calls run on `runner` outside of it.
struct RunnerEngine::Entry {
    enum class State { loading, ready, failed, gone };

    ModelSource source;
    Placement place;
    std::uint64_t file_bytes = 0;
    State state = State::loading;
    std::unique_ptr<RunnerProcess> runner;   // when ready
    Error failure{ErrorCode::internal, ""};  // when failed
    double progress = 0;                     // of the load, 0..1
    int awaited = 0;                         // by calls that wait for the load
    int in_flight = 0;
    bool unload_when_idle = false;
    KeepAlive keep_alive = kShortKeepAlive;  // of the request that came last
    Time expires_at;                         // of the requests that ended
    RateMeter rate;
    PromptTrail trail;

    bool usable() const { return state == State::ready && runner->alive(); }
    bool idle() const { return state == State::ready && in_flight == 0 && awaited == 0; }
    int slots() const { return runner->loaded().slots; }
    bool is_full() const { return in_flight >= slots(); }
    // While requests run, what it would be if they ended now.
    Time shown_expiry(Time now) const {
        if (state == State::ready && in_flight == 0) return expires_at;
        return std::max<Time>(expires_at, now + keep_alive_length(keep_alive));
    }
    LoadProgress load_progress() const {
        const double done = progress * static_cast<double>(file_bytes);
        return {static_cast<std::uint64_t>(done), file_bytes};
    }
};

// All runners of a model, the oldest first. All were loaded for the same source.
struct RunnerEngine::Fleet {
    std::vector<EntryPtr> entries;
    int reloads_waiting = 0;  // calls that need it loaded with more; newer ones let them go first
    bool growing = false;     // another runner is being placed
    std::chrono::steady_clock::time_point grow_after;  // not before: it did not fit
};

struct RunnerEngine::Wanted {
    const ModelSource& model;
    // Unset: at least a minute, so that helpers (tokenize, render) neither end nor hold a model.
    std::optional<KeepAlive> keep_alive;
    const std::stop_token& stop;
    PromptMarks marks{};
    LoadSink on_load{};
};

// The right to call a runner. The end of it starts the keep-alive.
class RunnerEngine::Lease {
  public:
    Lease(
        RunnerEngine& engine,
        EntryPtr entry,
        Duration load_time,
        std::optional<KeepAlive> keep_alive
    )
        : engine_(&engine),
          entry_(std::move(entry)),
          load_time_(load_time),
          keep_alive_(keep_alive) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
        if (entry_ != nullptr) engine_->release(entry_, keep_alive_);
    }

    RunnerProcess& runner() { return *entry_->runner; }
    Entry& entry() { return *entry_; }
    // What it took to get it: short where it was loaded already, but never zero.
    Duration load_time() const { return load_time_; }

  private:
    RunnerEngine* engine_;
    EntryPtr entry_;
    Duration load_time_;
    std::optional<KeepAlive> keep_alive_;
};

}  // namespace moat::inference
