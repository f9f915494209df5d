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
#include "inference/placement.h"
#include "inference/prompt_trail.h"
#include "inference/runner_process.h"
#include "inference/side_threads.h"

// The Engine of the server: a `moat runner` child for each loaded model, loaded on first use,
// unloaded when its keep-alive is over, evicted when another needs its room. Where requests wait
// for a model and a graphics card has room beside, another runner of it is started there; each
// request goes to the one that has computed most of its prompt, unless others are much less busy.
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
    int replicas = 0;                      // runners of one model at most; 0: one for each card
    std::uint64_t gpu_overhead_bytes = 0;  // of each graphics card, left free
    bool spread = false;                   // every model over all cards
};

class RunnerEngine final : public Engine {
  public:
    RunnerEngine(
        RunnerSettings settings,
        const Clock& clock,
        CostReader cost_of,
        MemoryProbe available,
        GpuProbe gpus = {}
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
        const Principal& who,
        const ModelSource& model,
        KeepAlive keep_alive,
        const LoadSink& progress,
        std::stop_token stop
    ) override;
    Result<Fit> fit(const Principal& who, const ModelSource& model) override;
    Status unload(const Principal& who, const std::string& key) override;
    std::vector<LoadedModel> loaded(const Principal& who) override;

    // Unloads what has expired. A thread of the engine does so in time by the system's clock; a
    // test with a clock of its own calls it.
    void unload_expired();

  private:
    struct Entry;   // one runner
    struct Fleet;   // all of one model
    struct Wanted;  // what a call needs of one
    class Lease;
    using EntryPtr = std::shared_ptr<Entry>;
    using FleetPtr = std::shared_ptr<Fleet>;
    using Lock = std::unique_lock<std::mutex>;

    Result<Lease> acquire(const Wanted& wanted);
    // What acquire() does with a model that is there, or is not. nullptr: look again.
    Result<EntryPtr> join(Lock& lock, const FleetPtr& fleet, const Wanted& wanted);
    Result<EntryPtr> join_larger(Lock& lock, const FleetPtr& fleet, const Wanted& wanted);
    Status start(Lock& lock, const ModelSource& model, const Wanted& wanted);
    // One that does not fit: something changed, look again.
    Result<Placement> make_room(
        Lock& lock, const ModelSource& model, const ModelCost& cost, const std::stop_token& stop
    );
    EntryPtr begin_load(
        const Lock& lock, const ModelSource& model, const ModelCost& cost, const Placement& place
    );
    void run_load(const EntryPtr& entry, const LoadCommand& command, const std::stop_token& stop);
    void end_load(const EntryPtr& entry, Result<std::unique_ptr<RunnerProcess>> runner);
    // Until it is loaded, or has failed. `queues`: it may be refused as one too many.
    Status await_load(Lock& lock, const EntryPtr& entry, const Wanted& wanted, bool queues);
    StateCache states_of(const ModelSource& model, const LoadPlan& plan) const;

    EntryPtr choose(const Fleet& fleet, const PromptMarks& marks) const;
    int replica_limit() const;
    // Has another runner of the model started where there is room, if it may have one.
    void grow(const FleetPtr& fleet, const ModelSource& model);
    void load_replica(const FleetPtr& fleet, const ModelSource& model);

    // For the rate that loaded() tells.
    void begin_answer(Entry& entry);
    void end_answer(Entry& entry, int tokens);
    LoadedModel describe(const std::string& key, const Fleet& fleet);
    void release(const EntryPtr& entry, std::optional<KeepAlive> keep_alive);
    void unload_idle(Lock& lock, const std::string& key);

    Status wait_for_change(Lock& lock, const std::stop_token& stop);
    void notify(const Lock& lock);
    // Takes an entry out and ends its runner, with the lock given up meanwhile.
    void drop(Lock& lock, const EntryPtr& entry);
    void take_out(const EntryPtr& entry);
    std::vector<EntryPtr> entries() const;
    EntryPtr idle_victim() const;
    std::size_t queued() const;
    PlacementRules rules() const;
    // Asks for the cards with the lock given up, if what is known of them may have changed.
    void look_at_gpus(Lock& lock);
    FreeMemory free_memory() const;
    void run_timer(const std::stop_token& stop);
    EntryPtr next_to_expire() const;

    const RunnerSettings settings_;
    const Clock& clock_;
    const CostReader cost_of_;
    const MemoryProbe available_;
    const GpuProbe probe_gpus_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::condition_variable_any progressed_;  // with changed_, and when a load got further
    std::uint64_t changes_ = 0;               // guarded by mutex_, as all below are
    std::size_t waiting_ = 0;                 // calls without a runner yet
    std::size_t leaving_ = 0;                 // runners that end, in memory yet
    std::vector<Gpu> gpus_;                   // as they were at gpus_seen_
    std::chrono::steady_clock::time_point gpus_seen_;
    bool gpus_known_ = false;                 // and nothing was loaded or unloaded since
    std::map<std::string, FleetPtr> models_;  // by key; of Entry::runner, not its own calls
    SideThreads loads_;
    std::jthread timer_;  // last: it uses all of the above
};

}  // namespace moat::inference
