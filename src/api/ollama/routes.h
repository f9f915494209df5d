#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "http/router.h"
#include "inference/model_runtime.h"
#include "models/model_store.h"

// Ollama's API: /api/version, tags, ps, generate, chat, embed, embeddings, show, create, copy,
// delete, blobs. JSON in and out, nothing else; what models do is ModelRuntime's and ModelStore's.
namespace moat::api::ollama {

// Borrowed for as long as the routes are served.
struct Services {
    models::ModelStore& store;
    inference::ModelRuntime& runtime;
    const Clock& clock;
    std::string version;  // of the Ollama whose API this is, for /api/version
};

// Threads: any; handlers block.
std::vector<http::Route> routes(const Services& services);

}  // namespace moat::api::ollama
