#include <algorithm>

#include "base/log.h"
#include "inference/runner_engine_entry.h"

// Several runners of one model: which of them takes a request, and when there is another.
namespace moat::inference {

// The one that has seen most of the prompt, unless it has a quarter of its slots more in use than
// the least busy; then that one, the older of equals. nullptr: none is ready.
RunnerEngine::EntryPtr RunnerEngine::choose(const Fleet& fleet, const PromptMarks& marks) const {
    EntryPtr least;
    for (const EntryPtr& entry : fleet.entries) {
        if (!entry->usable()) continue;
        if (least == nullptr || entry->in_flight < least->in_flight) least = entry;
    }
    EntryPtr best = least;
    std::size_t most = 0;
    for (const EntryPtr& entry : fleet.entries) {
        if (!entry->usable() || entry->in_flight > least->in_flight + entry->slots() / 4) continue;
        if (entry->is_full() && !least->is_full()) continue;
        const std::size_t seen = entry->trail.seen(marks);
        if (seen > most) {
            most = seen;
            best = entry;
        }
    }
    return best;
}

int RunnerEngine::replica_limit() const {
    if (gpus_.empty()) return std::max(1, settings_.replicas);
    if (settings_.spread) return 1;
    const int cards = static_cast<int>(gpus_.size());
    return settings_.replicas > 0 ? std::min(settings_.replicas, cards) : cards;
}

void RunnerEngine::grow(const FleetPtr& fleet, const ModelSource& model) {
    const bool all_ready = std::ranges::all_of(fleet->entries, [](const EntryPtr& entry) {
        return entry->state == Entry::State::ready && !entry->unload_when_idle;
    });
    // A model that needs several cards, or the machine's memory beside one, stays alone.
    const bool alone = !gpus_.empty() && (fleet->entries.front()->place.gpus.size() != 1 ||
                                          fleet->entries.front()->place.gpu_layers >= 0);
    const auto count = static_cast<int>(fleet->entries.size());
    if (fleet->growing || !all_ready || alone || count >= replica_limit()) return;
    if (std::chrono::steady_clock::now() < fleet->grow_after) return;
    fleet->growing = true;
    loads_.start([this, fleet, model](const std::stop_token&) { load_replica(fleet, model); });
}

void RunnerEngine::load_replica(const FleetPtr& fleet, const ModelSource& model) {
    const auto cost = cost_of_(model);
    Lock lock(mutex_);
    look_at_gpus(lock);
    fleet->growing = false;
    const auto found = models_.find(model.key);
    const bool same = found != models_.end() && found->second == fleet;
    if (!cost || !same || fleet->reloads_waiting > 0) return;
    std::vector<std::string> used;
    for (const EntryPtr& entry : fleet->entries)
        for (const GpuShare& share : entry->place.gpus)
            used.push_back(share.name);
    const Placement placed = place_replica(model, *cost, free_memory(), rules(), used);
    if (!placed.fits()) {
        fleet->grow_after = std::chrono::steady_clock::now() + kGrowthPause;
        return;
    }
    log::info("requests wait for {}: starting another runner of it", model.name);
    const EntryPtr entry = begin_load(lock, model, *cost, placed);
    entry->keep_alive = fleet->entries.front()->keep_alive;
}

}  // namespace moat::inference
