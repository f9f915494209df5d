#pragma once

#include <vector>

#include "http/router.h"
#include "models/registry/registry.h"

namespace moat::api::ollama {

// POST /api/pull and /api/push, for administrators. Borrows the registry. A client that leaves
// stops its transfer. Threads: any; handlers block for as long as it takes.
std::vector<http::Route> transfer_routes(models::Registry& registry);

}  // namespace moat::api::ollama
