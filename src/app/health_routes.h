#pragma once

#include <functional>
#include <vector>

#include "http/router.h"

namespace moat::app {

// GET /healthz: the process answers. GET /readyz: `ready` says whether it takes work (else 503).
// `damaged` says whether a part of the collections was lost when they were opened: /readyz tells
// so, and goes on to say ready. Anyone may ask. Both may be called from any thread and must not
// block.
std::vector<http::Route> health_routes(std::function<bool()> ready, std::function<bool()> damaged);

}  // namespace moat::app
