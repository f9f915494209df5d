#pragma once

#include <vector>

#include "answers/answerer.h"
#include "http/router.h"

namespace moat::api::moat_api {

// POST /api/kb/{kb}/ask and POST /chat/stream, as Server-Sent Events: thinking, sources, token,
// then done or error. What is wrong before the first event is an ordinary error response.
// Borrows the answerer for as long as the routes serve.
std::vector<http::Route> ask_routes(answers::Answerer& answerer);

}  // namespace moat::api::moat_api
