#pragma once

#include <vector>

#include "http/router.h"
#include "models/model_store.h"

namespace moat::api::moat_api {

// POST /api/admin/models/verify: hashes the files of models; administrators only. Borrows the
// store.
std::vector<http::Route> verify_routes(models::ModelStore& store);

}  // namespace moat::api::moat_api
