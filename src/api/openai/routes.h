#pragma once

#include <vector>

#include "http/router.h"
#include "inference/model_runtime.h"
#include "models/model_store.h"

// /v1 as OpenAI's clients know it. Each function borrows what it is given for as long as the
// routes are served. Threads: any.
namespace moat::api::openai {

std::vector<http::Route> routes(inference::ModelRuntime& runtime, const models::ModelStore& store);

void chat_completions(http::Exchange& exchange, inference::ModelRuntime& runtime);
void completions(http::Exchange& exchange, inference::ModelRuntime& runtime);
void responses(http::Exchange& exchange, inference::ModelRuntime& runtime);
void embeddings(http::Exchange& exchange, inference::ModelRuntime& runtime);
void transcriptions(http::Exchange& exchange, inference::ModelRuntime& runtime);
void list_models(http::Exchange& exchange, const models::ModelStore& store);
void get_model(http::Exchange& exchange, const models::ModelStore& store);

}  // namespace moat::api::openai
