#include "inference/runner_engine.h"

#include <algorithm>
#include <utility>

#include "inference/runner_engine_entry.h"

// The calls of Engine. How runners come and go: runner_engine_loading.cc.
namespace moat::inference {
namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

RunnerEngine::RunnerEngine(
    RunnerSettings settings, const Clock& clock, CostReader cost_of, MemoryProbe available
)
    : settings_(std::move(settings)),
      clock_(clock),
      cost_of_(std::move(cost_of)),
      available_(std::move(available)),
      timer_([this](const std::stop_token& stop) { run_timer(stop); }) {}

RunnerEngine::~RunnerEngine() {
    timer_.request_stop();
    timer_.join();
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
    TRY_ASSIGN(Lease lease, acquire(model, keep_alive, stop));
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
    TRY_ASSIGN(Lease lease, acquire(model, keep_alive, stop));
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
    TRY_ASSIGN(Lease lease, acquire(model, std::nullopt, stop));
    return lease.runner().render(prompt, stop);
}

Result<std::vector<std::int32_t>> RunnerEngine::tokenize(
    const Principal& /*who*/,
    const ModelSource& model,
    const TokenizeText& text,
    std::stop_token stop
) {
    TRY_ASSIGN(Lease lease, acquire(model, std::nullopt, stop));
    return lease.runner().tokenize(text, stop);
}

Result<std::string> RunnerEngine::detokenize(
    const Principal& /*who*/,
    const ModelSource& model,
    const std::vector<std::int32_t>& tokens,
    std::stop_token stop
) {
    TRY_ASSIGN(Lease lease, acquire(model, std::nullopt, stop));
    return lease.runner().detokenize(tokens, stop);
}

Result<Duration> RunnerEngine::load(
    const Principal& /*who*/, const ModelSource& model, KeepAlive keep_alive, std::stop_token stop
) {
    TRY_ASSIGN(const Lease lease, acquire(model, keep_alive, stop));
    return lease.load_time();
}

Result<Fit> RunnerEngine::fit(const Principal& /*who*/, const ModelSource& model) {
    TRY_ASSIGN(const ModelCost cost, cost_of_(model));
    const int max_slots = std::max(1, settings_.max_slots);
    const std::lock_guard lock(mutex_);
    return fit_of(model, cost, settings_.default_context, max_slots, unpromised_memory());
}

Status RunnerEngine::unload(const Principal& /*who*/, const std::string& key) {
    Lock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return Ok{};
    const EntryPtr entry = found->second;
    if (entry->idle()) {
        drop(lock, entry);
    } else {
        entry->unload_when_idle = true;
    }
    return Ok{};
}

std::vector<LoadedModel> RunnerEngine::loaded(const Principal& /*who*/) {
    const std::lock_guard lock(mutex_);
    std::vector<LoadedModel> models;
    for (const auto& [key, entry] : entries_) {
        if (!entry->usable()) continue;
        const LoadedReply& loaded = entry->runner->loaded();
        LoadedModel model;
        model.key = key;
        model.name = entry->source.name;
        model.pid = entry->runner->pid();
        model.size_bytes = loaded.size_bytes;
        model.size_vram_bytes = loaded.size_vram_bytes;
        model.context_length = loaded.context_length;
        model.slots = loaded.slots;
        model.busy = std::min(entry->in_flight, loaded.slots);
        model.queued = entry->in_flight - model.busy;
        model.tokens_per_second = entry->rate.tokens_per_second(SteadyClock::now());
        model.expires_at = entry->shown_expiry(clock_.now());
        models.push_back(std::move(model));
    }
    return models;
}

}  // namespace moat::inference
