#pragma once

#include <vector>

#include "http/router.h"
#include "models/model_store.h"

namespace moat::api::moat_api {

// GET /api/alias for everyone with a key; POST (set, switch or roll back) and DELETE for
// administrators. Borrows the store.
std::vector<http::Route> alias_routes(models::ModelStore& store);

}  // namespace moat::api::moat_api
