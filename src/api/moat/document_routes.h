#pragma once

#include <vector>

#include "http/router.h"
#include "knowledge/knowledge_bases.h"

namespace moat::api::moat_api {

// GET, POST /api/kb/{kb}/documents; GET, DELETE .../{id}; GET .../{id}/content and .../passages.
// Borrows the bases for as long as the routes serve.
std::vector<http::Route> document_routes(knowledge::KnowledgeBases& bases);

}  // namespace moat::api::moat_api
