#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "inference/engine.h"
#include "models/prompt_template.h"

namespace moat::inference {

// How an answer must look that has to call one of `tools` (OpenAI-style, one at least), for a model
// with this template: the template is shown a call, and what it makes of it is the form. A template
// that does not write calls as JSON gets name and arguments after its mark.
// Threads: any. Cost: one rendering.
ForcedCalls forced_calls(
    const models::PromptTemplate& prompt_template, const json::Value& tools, Time now
);

}  // namespace moat::inference
