#pragma once

#include "inference/runner_engine.h"

// Only for the sources of RunnerEngine.
namespace moat::inference {

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
    Time expires_at;

    bool usable() const { return state == State::ready && runner->alive(); }
    bool idle() const { return state == State::ready && in_flight == 0; }
};

// The right to call a runner. The end of it starts the keep-alive.
class RunnerEngine::Lease {
  public:
    Lease(RunnerEngine& engine, EntryPtr entry, Duration load_time)
        : engine_(&engine), entry_(std::move(entry)), load_time_(load_time) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
        if (entry_ != nullptr) engine_->release(entry_, keep_alive_);
    }

    RunnerProcess& runner() { return *entry_->runner; }
    // Zero when it was loaded already.
    Duration load_time() const { return load_time_; }
    // Unset: at least a minute, so that helpers (tokenize, render) neither end nor hold a model.
    void set_keep_alive(KeepAlive keep_alive) { keep_alive_ = keep_alive; }

  private:
    RunnerEngine* engine_;
    EntryPtr entry_;
    Duration load_time_;
    std::optional<KeepAlive> keep_alive_;
};

}  // namespace moat::inference
