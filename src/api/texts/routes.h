#pragma once

#include <vector>

#include "http/admission.h"
#include "http/router.h"
#include "inference/model_runtime.h"

// What Ollama has no routes for, each under /api and under /v1: tokenize, detokenize, rerank (as
// Jina, Cohere and llama.cpp's server shape it). JSON in and out; errors in the words of the
// protocol that owns the path. Threads: any.
namespace moat::api::texts {

// `runtime` is borrowed for as long as the routes are served.
std::vector<http::Route> routes(inference::ModelRuntime& runtime, const http::ErrorWriter& errors);

struct Services {
    inference::ModelRuntime& runtime;
    http::ErrorWriter errors;
};

void tokenize(http::Exchange& exchange, const Services& services);
void detokenize(http::Exchange& exchange, const Services& services);
void rerank(http::Exchange& exchange, const Services& services);

}  // namespace moat::api::texts
