#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "inference/engine.h"
#include "models/model_store.h"

namespace moat::inference {

// What Ollama's options object says, by whom it concerns.
struct ModelOptions {
    LoadOptions load;
    SamplingOptions sampling;
    std::vector<std::string> stop;
    int num_predict = -1;
    int num_keep = 4;
    std::string grammar;  // GBNF
    int draft_num_predict = 4;
    int lookup_num_predict = 0;
};

// Defaults, then the model's PARAMETERs, then `requested` (an object or null). Unknown options are
// ignored. The context is settled here: `default_context` (0: 4096) when nobody asks for one, and
// never more than the model was trained on. Answers end at ten contexts at the latest.
// Threads: any. Errors: invalid_argument, `option "seed" must be of type integer`.
Result<ModelOptions> join_options(
    const models::Model& model, const json::Value& requested, int default_context
);

}  // namespace moat::inference
