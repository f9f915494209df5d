#pragma once

#include <algorithm>

#include "inference/rate_meter.h"
#include "inference/runner_engine.h"

// Only for the sources of RunnerEngine.
namespace moat::inference {

// "Forever", for those who show it; and what a longer keep-alive is cut to.
constexpr Duration kFarFuture = std::chrono::hours(24LL * 365 * 100);
constexpr Duration kShortKeepAlive = std::chrono::minutes(1);

inline Duration keep_alive_length(KeepAlive given) {
    return given < KeepAlive::zero() ? kFarFuture : std::min(given, kFarFuture);
}

// One model that is loaded or being loaded. Everything is guarded by the engine's mutex, except
// that calls run on `runner` outside of it.
struct RunnerEngine::Entry {
    enum class State { loading, ready, failed, gone };

    ModelSource source;
    State state = State::loading;
    std::unique_ptr<RunnerProcess> runner;   // when ready
    Error failure{ErrorCode::internal, ""};  // when failed
    Duration load_time{};
    std::uint64_t promised_bytes = 0;  // of memory, while loading
    int in_flight = 0;
    int reloads_waiting = 0;  // calls that need it loaded with more; newer ones let them go first
    bool unload_when_idle = false;
    KeepAlive keep_alive = kShortKeepAlive;  // of the request that came last
    Time expires_at;                         // of the requests that ended
    RateMeter rate;

    bool usable() const { return state == State::ready && runner->alive(); }
    bool idle() const { return state == State::ready && in_flight == 0; }
    // While requests run, what it would be if they ended now.
    Time shown_expiry(Time now) const {
        if (in_flight == 0) return expires_at;
        return std::max<Time>(expires_at, now + keep_alive_length(keep_alive));
    }
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
    // Zero when it was loaded already.
    Duration load_time() const { return load_time_; }

  private:
    RunnerEngine* engine_;
    EntryPtr entry_;
    Duration load_time_;
    std::optional<KeepAlive> keep_alive_;
};

}  // namespace moat::inference
