#include "api/openai/routes.h"

#include "api/openai/fields.h"
#include "api/openai/transcription.h"

namespace moat::api::openai {
std::vector<http::Route> routes(inference::ModelRuntime& runtime, const models::ModelStore& store) {
    const auto post = [](std::string path, http::Handler handler) {
        return http::Route{
            .method = "POST",
            .path = std::move(path),
            .handler = std::move(handler),
            .max_body_bytes = kMaxChatBytes
        };
    };
    return {
        post("/v1/chat/completions", [&](http::Exchange& e) { chat_completions(e, runtime); }),
        post("/v1/completions", [&](http::Exchange& e) { completions(e, runtime); }),
        post("/v1/responses", [&](http::Exchange& e) { responses(e, runtime); }),
        post("/v1/embeddings", [&](http::Exchange& e) { embeddings(e, runtime); }),
        {.method = "POST",
         .path = "/v1/audio/transcriptions",
         .handler = [&](http::Exchange& e) { transcriptions(e, runtime); },
         .max_body_bytes = kMaxTranscriptionBytes},
        {.method = "GET",
         .path = "/v1/models",
         .handler = [&](http::Exchange& e) { list_models(e, store); }},
        // A name may hold slashes: host/namespace/model:tag.
        {.method = "GET",
         .path = "/v1/models/{model...}",
         .handler = [&](http::Exchange& e) { get_model(e, store); }},
    };
}

}  // namespace moat::api::openai
