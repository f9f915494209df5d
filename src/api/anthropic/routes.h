#pragma once

#include <vector>

#include "http/router.h"
#include "inference/model_runtime.h"

// /v1/messages as Anthropic's clients know it, and its token count. Each function borrows what it
// is given for as long as the routes are served. Threads: any.
namespace moat::api::anthropic {

std::vector<http::Route> routes(inference::ModelRuntime& runtime);

void messages(http::Exchange& exchange, inference::ModelRuntime& runtime);
void count_tokens(http::Exchange& exchange, inference::ModelRuntime& runtime);

}  // namespace moat::api::anthropic
