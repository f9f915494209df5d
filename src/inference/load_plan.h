#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.h"
#include "inference/engine.h"

// How a model will be loaded: tokens per request and requests at once, so that it fits the memory.
// Threads: any; pure functions.
namespace moat::inference {

// Graph buffers and the process itself, beside weights and cache.
inline constexpr std::uint64_t kWorkspaceBytes = 256ULL << 20;
// More for a projector: the images of a request decoded (media.h), and its own graph.
inline constexpr std::uint64_t kProjectorWorkspaceBytes = 512ULL << 20;

// What loading a file costs, from its header.
struct ModelCost {
    std::uint64_t file_bytes = 0;             // all of it: weights stay in memory
    std::uint64_t cache_bytes_per_token = 0;  // attention state (f16); 0 for encoders
    int trained_context = 0;                  // tokens; 0: unknown
    int layers = 0;                           // 0: unknown
    std::uint64_t workspace_bytes = kWorkspaceBytes;
};

// Reads the header of a GGUF. Errors: not_found, corrupt, io.
using CostReader = std::function<Result<ModelCost>(const ModelSource& model)>;

// Bytes that may still be used by new processes.
using MemoryProbe = std::function<std::uint64_t()>;

struct LoadPlan {
    int context_length = 0;  // tokens one request may use
    int slots = 0;           // 0: it does not fit, even one
    int pool = 0;            // tokens all requests together may use
    std::uint64_t needed_bytes = 0;
    std::uint64_t spare_bytes = 0;  // left beside that
};

// A pool of a few whole contexts, or as much as half of what the weights leave holds, but one whole
// context at least; and as many slots as such a pool is good for, at most `max_slots`. An encoder
// needs no cache and gets all slots.
LoadPlan plan_load(
    const ModelSource& model,
    const ModelCost& cost,
    int default_context,
    int max_slots,
    std::uint64_t available_bytes
);

// The plan and what it costs, for who asks before a load.
Fit fit_of(const ModelCost& cost, const LoadPlan& plan, std::uint64_t available_bytes);

// too_large, with the arithmetic.
Error does_not_fit(const ModelCost& cost, const LoadPlan& plan, std::uint64_t available_bytes);

// MemAvailable of the kernel, or what the control group leaves, whichever is less.
std::uint64_t available_memory();

}  // namespace moat::inference
