#pragma once

#include <vector>

#include "answers/answerer.h"
#include "http/router.h"

namespace moat::api::moat_api {

// GET /api/conversations; GET, DELETE /api/conversations/{id}.
// Borrows the answerer for as long as the routes serve.
std::vector<http::Route> conversation_routes(answers::Answerer& answerer);

}  // namespace moat::api::moat_api
