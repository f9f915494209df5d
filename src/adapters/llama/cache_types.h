#pragma once

#include <string>

#include <llama.h>

#include "inference/engine.h"

// How attention states are kept and computed, as a model is asked to and as it can. Threads: any.
namespace moat::adapters::llama {

// The cache type that a model can have when it is asked for `load.cache_type`: f16 where packed
// blocks do not divide the heads, or flash attention, which they need, was turned off. Logs why.
std::string usable_cache_type(const llama_model* model, const inference::LoadOptions& load);

// Sets the types and the use of flash attention. `cache_type` is one of inference/cache_type.h.
void set_attention(
    llama_context_params& parameters,
    const std::string& cache_type,
    const inference::LoadOptions& load
);

}  // namespace moat::adapters::llama
