#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "inference/engine.h"
#include "inference/load_plan.h"

// Where a model will be loaded: on which graphics cards, or in the machine's memory.
// Threads: any; pure functions.
namespace moat::inference {

// A graphics card of this machine.
struct Gpu {
    std::string name;  // llama.cpp's, such as "CUDA0"
    std::uint64_t free_bytes = 0;
};

// The cards, in llama.cpp's order; none on a machine without. May take a second.
using GpuProbe = std::function<std::vector<Gpu>()>;

// What may be used: free, and promised to nobody.
struct FreeMemory {
    std::vector<Gpu> gpus;
    std::uint64_t machine_bytes = 0;

    std::uint64_t all() const;
};

struct PlacementRules {
    int default_context = 0;  // tokens; 0: 4096
    int max_slots = 1;
    std::uint64_t gpu_overhead_bytes = 0;  // of each card, never used
    bool spread = false;                   // over all cards, also what one could hold
};

// What a load takes from one card.
struct GpuShare {
    std::string name;
    std::uint64_t bytes = 0;
};

struct Placement {
    LoadPlan plan;               // with slots 0 it does not fit
    std::vector<GpuShare> gpus;  // empty: in the machine's memory
    int gpu_layers = -1;         // that are computed on them; -1: all
    std::uint64_t machine_bytes = 0;

    bool fits() const { return plan.slots > 0; }
};

// On the card with the most free memory that holds the model with its attention states; else on as
// few cards as do together; else with as many layers on the cards as they hold and the rest in the
// machine's memory. What the load options say about cards and layers goes before all that.
Placement place(
    const ModelSource& model,
    const ModelCost& cost,
    const FreeMemory& memory,
    const PlacementRules& rules
);

// Another copy beside those there are: whole, on one card that is not in `used`; on a machine
// without cards in its memory.
Placement place_replica(
    const ModelSource& model,
    const ModelCost& cost,
    const FreeMemory& memory,
    const PlacementRules& rules,
    const std::vector<std::string>& used
);

}  // namespace moat::inference
