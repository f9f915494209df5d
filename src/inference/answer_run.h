#pragma once

#include <stop_token>

#include "base/principal.h"
#include "base/result.h"
#include "inference/engine.h"
#include "inference/prepared_request.h"

namespace moat::inference {

// Runs it, and takes the answer apart into content, thinking and tool calls on its way to `sink`.
// Threads: any; blocks. Errors: those of Engine::generate.
Result<GenerateResult> run_answer(
    const Principal& who,
    Engine& engine,
    const PreparedRequest& prepared,
    const EventSink& sink,
    std::stop_token stop
);

}  // namespace moat::inference
