#include "inference/placement.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moat::inference {
namespace {

// What a process with a card takes of it beside what a load plan counts: the driver's context and
// the buffers of its largest batch.
constexpr std::uint64_t kOfEachGpu = 512ULL << 20;

std::uint64_t less(std::uint64_t bytes, std::uint64_t taken) {
    return bytes - std::min(bytes, taken);
}

std::uint64_t sum_of(const std::vector<Gpu>& gpus) {
    return std::accumulate(
        gpus.begin(),
        gpus.end(),
        std::uint64_t{0},
        [](std::uint64_t sum, const Gpu& gpu) { return sum + gpu.free_bytes; }
    );
}

// The cards a model may use, those with the most room first, each with the room it has for us.
std::vector<Gpu> candidates(
    const ModelSource& model, const FreeMemory& memory, const PlacementRules& rules
) {
    std::vector<Gpu> out;
    if (model.load.num_gpu == 0) return out;
    const auto main = model.load.main_gpu;
    if (main && *main >= 0 && static_cast<std::size_t>(*main) < memory.gpus.size())
        out.push_back(memory.gpus[static_cast<std::size_t>(*main)]);
    else
        out = memory.gpus;
    for (Gpu& gpu : out)
        gpu.free_bytes = less(gpu.free_bytes, rules.gpu_overhead_bytes + kOfEachGpu);
    std::ranges::sort(out, [](const Gpu& a, const Gpu& b) {
        return a.free_bytes != b.free_bytes ? a.free_bytes > b.free_bytes : a.name < b.name;
    });
    return out;
}

// Each card takes its part by the room it has, as llama.cpp splits layers.
std::vector<GpuShare> shares(const std::vector<Gpu>& gpus, std::uint64_t bytes) {
    const auto room = static_cast<double>(std::max<std::uint64_t>(1, sum_of(gpus)));
    std::vector<GpuShare> out;
    for (const Gpu& gpu : gpus) {
        const double part = static_cast<double>(gpu.free_bytes) / room;
        const auto own = static_cast<std::uint64_t>(part * static_cast<double>(bytes));
        out.push_back({gpu.name, own + kOfEachGpu});
    }
    return out;
}

class Placing {
  public:
    Placing(const ModelSource& model, const ModelCost& cost, const PlacementRules& rules)
        : model_(model), cost_(cost), rules_(rules) {}

    LoadPlan plan(std::uint64_t bytes) const {
        return plan_load(model_, cost_, rules_.default_context, rules_.max_slots, bytes);
    }

    // All of it on these cards, or none.
    Placement whole(const std::vector<Gpu>& gpus) const {
        Placement out;
        out.plan = plan(sum_of(gpus));
        if (out.fits()) out.gpus = shares(gpus, out.plan.needed_bytes);
        return out;
    }

    // `wanted` layers on the cards, or as many as they hold, the rest in the machine's memory.
    Placement parts(
        const std::vector<Gpu>& gpus, std::uint64_t machine_bytes, std::optional<int> wanted
    ) const {
        Placement out;
        const std::uint64_t room = sum_of(gpus);
        out.plan = plan(room + machine_bytes);
        const int layers = std::max(1, cost_.layers);
        const std::uint64_t of_layer =
            std::max<std::uint64_t>(1, out.plan.needed_bytes / static_cast<std::uint64_t>(layers));
        const auto most =
            static_cast<int>(std::min<std::uint64_t>(room / of_layer, std::uint64_t(layers)));
        out.gpu_layers = wanted.value_or(most);
        const auto there = static_cast<std::uint64_t>(std::clamp(out.gpu_layers, 0, layers));
        const std::uint64_t on_gpus = std::min(out.plan.needed_bytes, of_layer * there);
        out.machine_bytes = out.plan.needed_bytes - on_gpus;
        if (out.machine_bytes > machine_bytes || on_gpus > room) out.plan.slots = 0;
        if (there > 0) out.gpus = shares(gpus, on_gpus);
        return out;
    }

    Placement in_machine(std::uint64_t machine_bytes) const {
        Placement out;
        out.plan = plan(machine_bytes);
        out.machine_bytes = out.plan.needed_bytes;
        out.gpu_layers = 0;
        return out;
    }

  private:
    const ModelSource& model_;
    const ModelCost& cost_;
    const PlacementRules& rules_;
};

}  // namespace

std::uint64_t FreeMemory::all() const {
    return machine_bytes + sum_of(gpus);
}

Placement place(
    const ModelSource& model,
    const ModelCost& cost,
    const FreeMemory& memory,
    const PlacementRules& rules
) {
    const Placing placing(model, cost, rules);
    const std::vector<Gpu> gpus = candidates(model, memory, rules);
    if (gpus.empty()) {
        Placement out = placing.in_machine(memory.machine_bytes);
        // Where llama.cpp knows of cards that were not counted, it may use them as it likes.
        if (memory.gpus.empty()) out.gpu_layers = model.load.num_gpu;
        return out;
    }
    const bool counted = model.load.num_gpu > 0;
    const auto wanted = counted ? std::optional(model.load.num_gpu) : std::nullopt;
    for (std::size_t count = rules.spread ? gpus.size() : 1; count <= gpus.size(); ++count) {
        const std::vector<Gpu> few(gpus.begin(), gpus.begin() + static_cast<std::ptrdiff_t>(count));
        Placement out =
            counted ? placing.parts(few, memory.machine_bytes, wanted) : placing.whole(few);
        if (out.fits()) return out;
    }
    return placing.parts(gpus, memory.machine_bytes, wanted);
}

Placement place_replica(
    const ModelSource& model,
    const ModelCost& cost,
    const FreeMemory& memory,
    const PlacementRules& rules,
    const std::vector<std::string>& used
) {
    const Placing placing(model, cost, rules);
    if (memory.gpus.empty()) {
        Placement out = placing.in_machine(memory.machine_bytes);
        out.gpu_layers = model.load.num_gpu;
        return out;
    }
    for (const Gpu& gpu : candidates(model, memory, rules)) {
        if (std::ranges::find(used, gpu.name) != used.end()) continue;
        Placement out = placing.whole({gpu});
        if (out.fits()) return out;
    }
    return {};
}

}  // namespace moat::inference
