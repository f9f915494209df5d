#pragma once

#include "base/json.h"
#include "base/result.h"

namespace moat::api {

// What Moat's models can be told beyond the standards of /v1, as fields of the request: min_p,
// top_k, repeat_penalty, mirostat, dry_*, xtc_*, logit_bias, grammar ... by the names of Ollama and
// llama.cpp; and an "options" object, as Ollama has it (num_ctx, ...). Added to `options`, where
// "options" wins. Whether a value is of the right type is said where options are joined.
// Threads: any. Errors: invalid_argument.
Status add_extra_options(const json::Value& body, json::Object& options);

}  // namespace moat::api
