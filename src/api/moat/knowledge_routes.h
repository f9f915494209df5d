#pragma once

#include <vector>

#include "http/router.h"
#include "knowledge/knowledge_bases.h"

namespace moat::api::moat_api {

// GET, POST /api/kb; GET, DELETE /api/kb/{kb}; POST /api/kb/{kb}/search.
// Borrows the bases for as long as the routes serve.
std::vector<http::Route> knowledge_routes(knowledge::KnowledgeBases& bases);

}  // namespace moat::api::moat_api
