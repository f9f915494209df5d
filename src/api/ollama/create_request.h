#pragma once

#include <string_view>

#include "base/result.h"
#include "models/model_store.h"

namespace moat::api::ollama {

// POST /api/create, read.
struct Create {
    models::CreateRequest request;
    bool stream = true;
};

// Threads: any. Errors: invalid_argument, in Go's words; unsupported (remote models).
Result<Create> read_create(std::string_view body);

}  // namespace moat::api::ollama
