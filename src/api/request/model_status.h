#pragma once

#include "base/result.h"

namespace moat::api {

// The HTTP status of what a request for a model failed with, as Ollama answers it: like
// http::status_of(), but for what stands for the model and not for the request. Threads: any.
int model_status_of(ErrorCode code);

}  // namespace moat::api
