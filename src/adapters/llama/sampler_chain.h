#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <llama.h>

#include "adapters/llama/model.h"
#include "base/result.h"
#include "inference/engine.h"

// llama.cpp's samplers, one after the other, as a request's options want them. The order is
// llama.cpp's own:
//
//     logit_bias - penalties - DRY - top_n_sigma - top_k - typical_p - top_p - min_p - XTC -
//     temperature (with dynatemp) - a random choice
//
// or, with mirostat: logit_bias - temperature - mirostat. Options that change nothing are left out.
namespace moat::adapters::llama {

struct SamplerDeleter {
    void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
};
using SamplerPtr = std::unique_ptr<llama_sampler, SamplerDeleter>;

struct SamplerChain {
    SamplerPtr samplers;  // nullptr: the most likely token, nothing else matters
    // The highest so many logits decide the same as all of them; 0: they do not.
    std::size_t candidates = 1;
    int remembered = 0;               // tokens it looks back
    std::vector<llama_token> banned;  // sorted; never to be chosen from
    bool takes_sorted = true;         // false: its first sampler would not notice a new order
};

// Cost: microseconds; with DRY's sequence breakers, a walk through the vocabulary for each.
// Errors: invalid_argument (options out of range, a bias for a token that does not exist).
Result<SamplerChain> make_sampler_chain(
    const Model& model, const inference::SamplingOptions& options, int context_length
);

}  // namespace moat::adapters::llama
