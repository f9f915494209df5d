#pragma once

#include <vector>

#include "access/api_keys.h"
#include "http/router.h"

namespace moat::api::moat_api {

// GET, POST /api/admin/keys and DELETE /api/admin/keys/{id}: administrators only. Borrows the keys.
std::vector<http::Route> keys_routes(access::ApiKeys& keys);

}  // namespace moat::api::moat_api
