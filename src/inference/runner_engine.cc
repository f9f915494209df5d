#include "inference/runner_engine.h"

#include <algorithm>
#include <utility>

#include "inference/runner_engine_entry.h"

// The calls of Engine. How runners come: runner_engine_loading.cc; go: runner_engine_unloading.cc;
// several of one model: runner_engine_replicas.cc.
namespace moat::inference {
namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

RunnerEngine::RunnerEngine(
    RunnerSettings settings,
    const Clock& clock,
    CostReader cost_of,
    MemoryProbe available,
    GpuProbe gpus
)
    : settings_(std::move(settings)),
      clock_(clock),
      cost_of_(std::move(cost_of)),
      available_(std::move(available)),
      probe_gpus_(std::move(gpus)),
      timer_([this](const std::stop_token& stop) { run_timer(stop); }) {}

RunnerEngine::~RunnerEngine() {
    timer_.request_stop();
    timer_.join();
    loads_.stop_all();
}

Result<GenerateResult> RunnerEngine::generate(
    const Principal& who,
    const ModelSource& model,
    const GenerateRequest& request,
    KeepAlive keep_alive,
    const EventSink& sink,
    std::stop_token stop
) {
    const auto start = SteadyClock::now();
    Wanted wanted{.model = model, .keep_alive = keep_alive, .stop = stop};
    if (settings_.replicas != 1) wanted.marks = marks_of(request);
    if (request.tell_loading)
        wanted.on_load = [&sink](const LoadProgress& progress) {
            GenerateEvent event;
            event.loading = progress;
            return sink(event);
        };
    TRY_ASSIGN(Lease lease, acquire(wanted));
    begin_answer(lease.entry());
    auto answered = lease.runner().generate(who.id, request, sink, stop);
    end_answer(lease.entry(), answered ? answered->generated_tokens : 0);
    TRY_ASSIGN(GenerateResult result, std::move(answered));
    result.load = lease.load_time();
    result.total = SteadyClock::now() - start;
    return result;
}

void RunnerEngine::begin_answer(Entry& entry) {
    const std::lock_guard lock(mutex_);
    entry.rate.begin(SteadyClock::now());
}

void RunnerEngine::end_answer(Entry& entry, int tokens) {
    const std::lock_guard lock(mutex_);
    entry.rate.end(SteadyClock::now(), tokens);
}

Result<EmbedResult> RunnerEngine::embed(
    const Principal& /*who*/,
    const ModelSource& model,
    const EmbedRequest& request,
    KeepAlive keep_alive,
    std::stop_token stop
) {
    const auto start = SteadyClock::now();
    TRY_ASSIGN(Lease lease, acquire({.model = model, .keep_alive = keep_alive, .stop = stop}));
    TRY_ASSIGN(EmbedResult result, lease.runner().embed(request, stop));
    result.load = lease.load_time();
    result.total = SteadyClock::now() - start;
    return result;
}

Result<std::string> RunnerEngine::render(
    const Principal& /*who*/,
    const ModelSource& model,
    const ChatPrompt& prompt,
    std::stop_token stop
) {
    TRY_ASSIGN(Lease lease, acquire({.model = model, .keep_alive = {}, .stop = stop}));
    return lease.runner().render(prompt, stop);
}

Result<std::vector<std::int32_t>> RunnerEngine::tokenize(
    const Principal& /*who*/,
    const ModelSource& model,
    const TokenizeText& text,
    std::stop_token stop
) {
    TRY_ASSIGN(Lease lease, acquire({.model = model, .keep_alive = {}, .stop = stop}));
    return lease.runner().tokenize(text, stop);
}

Result<std::string> RunnerEngine::detokenize(
    const Principal& /*who*/,
    const ModelSource& model,
    const std::vector<std::int32_t>& tokens,
    std::stop_token stop
) {
    TRY_ASSIGN(Lease lease, acquire({.model = model, .keep_alive = {}, .stop = stop}));
    return lease.runner().detokenize(tokens, stop);
}

Result<Duration> RunnerEngine::load(
    const Principal& /*who*/,
    const ModelSource& model,
    KeepAlive keep_alive,
    const LoadSink& progress,
    std::stop_token stop
) {
    TRY_ASSIGN(
        const Lease lease,
        acquire({.model = model, .keep_alive = keep_alive, .stop = stop, .on_load = progress})
    );
    return lease.load_time();
}

Result<Fit> RunnerEngine::fit(const Principal& /*who*/, const ModelSource& model) {
    TRY_ASSIGN(const ModelCost cost, cost_of_(model));
    Lock lock(mutex_);
    look_at_gpus(lock);
    const FreeMemory memory = free_memory();
    const Placement placed = place(model, cost, memory, rules());
    Fit out = fit_of(cost, placed.plan, placed.gpus.empty() ? memory.machine_bytes : memory.all());
    for (const GpuShare& share : placed.gpus)
        out.gpus.push_back(share.name);
    out.gpu_layers = placed.gpus.empty() ? 0 : placed.gpu_layers;
    return out;
}

Status RunnerEngine::unload(const Principal& /*who*/, const std::string& key) {
    Lock lock(mutex_);
    const auto found = models_.find(key);
    if (found == models_.end()) return Ok{};
    for (const EntryPtr& entry : found->second->entries)
        entry->unload_when_idle = !entry->idle();
    unload_idle(lock, key);
    return Ok{};
}

std::vector<LoadedModel> RunnerEngine::loaded(const Principal& /*who*/) {
    const std::lock_guard lock(mutex_);
    std::vector<LoadedModel> models;
    for (const auto& [key, fleet] : models_) {
        LoadedModel model = describe(key, *fleet);
        if (model.loading || !model.replicas.empty()) models.push_back(std::move(model));
    }
    return models;
}

LoadedModel RunnerEngine::describe(const std::string& key, const Fleet& fleet) {
    LoadedModel out;
    out.key = key;
    const Time now = clock_.now();
    for (const EntryPtr& entry : fleet.entries) {
        if (!entry->usable()) continue;
        const LoadedReply& loaded = entry->runner->loaded();
        Replica replica{.pid = entry->runner->pid(), .gpus = {}};
        for (const GpuShare& share : entry->place.gpus)
            replica.gpus.push_back(share.name);
        replica.busy = std::min(entry->in_flight, loaded.slots);
        replica.queued = entry->in_flight - replica.busy;
        out.name = entry->source.name;
        if (out.pid == 0) out.pid = replica.pid;
        out.size_bytes += loaded.size_bytes;
        out.size_vram_bytes += loaded.size_vram_bytes;
        out.context_length = loaded.context_length;
        out.slots += loaded.slots;
        out.busy += replica.busy;
        out.queued += replica.queued;
        out.tokens_per_second += entry->rate.tokens_per_second(SteadyClock::now());
        out.expires_at = std::max(out.expires_at, entry->shown_expiry(now));
        out.replicas.push_back(std::move(replica));
    }
    if (!out.replicas.empty() || fleet.entries.empty()) return out;
    const Entry& first = *fleet.entries.front();
    if (first.state != Entry::State::loading) return out;
    out.name = first.source.name;
    out.size_bytes = static_cast<std::int64_t>(first.place.plan.needed_bytes);
    for (const GpuShare& share : first.place.gpus)
        out.size_vram_bytes += static_cast<std::int64_t>(share.bytes);
    out.size_vram_bytes = std::min(out.size_vram_bytes, out.size_bytes);
    out.context_length = first.place.plan.context_length;
    out.expires_at = first.shown_expiry(now);
    out.queued = first.awaited;
    out.loading = first.load_progress();
    return out;
}

}  // namespace moat::inference
