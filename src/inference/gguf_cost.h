#pragma once

#include "base/result.h"
#include "inference/load_plan.h"

// The CostReader of the server: reads the head of the model's GGUF. A model whose head does not
// tell its attention shape counts with its file alone (recurrent models need no growing cache).
// Threads: any. Cost: a few ms. Errors: those of models::read_gguf.
namespace moat::inference {

Result<ModelCost> read_model_cost(const ModelSource& model);

}  // namespace moat::inference
