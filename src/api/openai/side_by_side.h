#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "inference/engine.h"

// Several answers to one request ("n", or several prompts). The engine computes them in one batch,
// so they are asked for at once, each on a thread of its own (one is asked for on the caller's).
// Threads: any.
namespace moat::api::openai {

// Called once for each index, from different threads.
using Answer = std::function<Result<inference::GenerateResult>(std::size_t index, std::stop_token)>;

// All results in order of index, or the error of the first that failed; the others are then
// stopped, as all are once `stop` is requested.
Result<std::vector<inference::GenerateResult>> answer_side_by_side(
    std::size_t count, const std::stop_token& stop, const Answer& answer
);

// `options` for the answer `index`: a seed of the request would make them all alike.
json::Value options_for(const json::Value& options, std::size_t index);

}  // namespace moat::api::openai
