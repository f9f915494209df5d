#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "inference/engine.h"
#include "inference/load_plan.h"
#include "inference/runner_process.h"

// The Engine of the server: one `moat runner` child per loaded model, loaded on first use, unloaded
// when its keep-alive is over, evicted when another needs its room.
//
// Threads: any. Owns: the children; the destructor ends them. Calls must have returned before.
// A load is finished even when the request that caused it has gone.
namespace moat::inference {

struct RunnerSettings {
    std::vector<std::string> command;  // of a runner: program and arguments
    int max_loaded = 3;
    int max_queue = 512;      // requests waiting, for a load or for a slot
    int max_slots = 16;       // requests generating at once on one model
    int default_context = 0;  // tokens; 0: 4096
    StateCache states;        // of one model; its files go to a folder of its own in this one
    Duration load_stall_limit = std::chrono::minutes(5);
};

class RunnerEngine final : public Engine {
  public:
    RunnerEngine(
        RunnerSettings settings, const Clock& clock, CostReader cost_of, MemoryProbe available
    );
    ~RunnerEngine() override;

    Result<GenerateResult> generate(
        const Principal& who,
        const ModelSource& model,
        const GenerateRequest& request,
        KeepAlive keep_alive,
        const EventSink& sink,
        std::stop_token stop
    ) override;
    Result<EmbedResult> embed(
        const Principal& who,
        const ModelSource& model,
        const EmbedRequest& request,
        KeepAlive keep_alive,
        std::stop_token stop
    ) override;
    Result<std::string> render(
        const Principal& who,
        const ModelSource& model,
        const ChatPrompt& prompt,
        std::stop_token stop
    ) override;
    Result<std::vector<std::int32_t>> tokenize(
        const Principal& who,
        const ModelSource& model,
        const TokenizeText& text,
        std::stop_token stop
    ) override;
    Result<std::string> detokenize(
        const Principal& who,
        const ModelSource& model,
        const std::vector<std::int32_t>& tokens,
        std::stop_token stop
    ) override;
    Result<Duration> load(
        const Principal& who, const ModelSource& model, KeepAlive keep_alive, std::stop_token stop
    ) override;
    Result<Fit> fit(const Principal& who, const ModelSource& model) override;
    Status unload(const Principal& who, const std::string& key) override;
    std::vector<LoadedModel> loaded(const Principal& who) override;

    // Unloads what has expired. A thread of the engine does so in time by the system's clock; a
    // test with a clock of its own calls it.
    void unload_expired();

  private:
    struct Entry;
    class Lease;
    class Waiting;
    using EntryPtr = std::shared_ptr<Entry>;
    using Lock = std::unique_lock<std::mutex>;

    // keep_alive unset: at least a minute, so that helpers (tokenize, render) neither end nor hold
    // a model.
    Result<Lease> acquire(
        const ModelSource& model, std::optional<KeepAlive> keep_alive, const std::stop_token& stop
    );
    // What acquire() does with a model that is there, or is not. nullptr: look again.
    Result<EntryPtr> join(
        Lock& lock, const EntryPtr& entry, const ModelSource& m, const std::stop_token& stop
    );
    Result<EntryPtr> start(Lock& lock, const ModelSource& model, const std::stop_token& stop);
    Result<LoadPlan> make_room(
        Lock& lock, const ModelSource& model, const ModelCost& cost, const std::stop_token& stop
    );
    StateCache states_of(const ModelSource& model, const LoadPlan& plan) const;
    void run_load(Lock& lock, const EntryPtr& entry, const LoadPlan& plan);
    // For the rate that loaded() tells.
    void begin_answer(Entry& entry);
    void end_answer(Entry& entry, int tokens);
    void release(const EntryPtr& entry, std::optional<KeepAlive> keep_alive);

    Status wait_for_change(Lock& lock, const std::stop_token& stop);
    void notify(const Lock& lock);
    // Takes an entry out and ends its runner, with the lock given up meanwhile.
    void drop(Lock& lock, const EntryPtr& entry);
    EntryPtr idle_victim() const;
    std::size_t queued() const;
    std::uint64_t unpromised_memory() const;
    void run_timer(const std::stop_token& stop);
    std::optional<Duration> until_next_expiry() const;

    const RunnerSettings settings_;
    const Clock& clock_;
    const CostReader cost_of_;
    const MemoryProbe available_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::uint64_t changes_ = 0;                // guarded by mutex_
    std::size_t waiting_ = 0;                  // guarded by mutex_: calls without a runner yet
    std::size_t leaving_ = 0;                  // guarded by mutex_: runners that end, in memory yet
    std::map<std::string, EntryPtr> entries_;  // guarded by mutex_, with all but Entry::runner's
                                               // own calls
    std::jthread timer_;                       // last: it uses all of the above
};

}  // namespace moat::inference
