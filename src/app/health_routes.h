#pragma once

#include <functional>
#include <vector>

#include "http/router.h"

namespace moat::app {

// GET /healthz: the process answers. GET /readyz: `ready` says whether it takes work (else 503).
// Anyone may ask. `ready` may be called from any thread and must not block.
std::vector<http::Route> health_routes(std::function<bool()> ready);

}  // namespace moat::app
