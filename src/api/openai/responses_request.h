#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "inference/model_runtime.h"

namespace moat::api::openai {

// POST /v1/responses, read. Nothing is kept between requests: the whole conversation comes with
// each of them.
struct ResponsesRequest {
    inference::ChatRequest request;
    bool stream = false;
    json::Object echo;  // what the response repeats of the request, in the order of its fields
};

// Tools that the vendor's own servers would run (web_search, file_search ...) are left out: the
// model is told of functions only. Threads: any. Errors: invalid_argument, naming the field;
// unsupported (what needs a stored response).
Result<ResponsesRequest> read_responses(const json::Value& body);

}  // namespace moat::api::openai
