#include "api/texts/routes.h"

#include "api/texts/reply.h"

namespace moat::api::texts {

std::vector<http::Route> routes(inference::ModelRuntime& runtime, const http::ErrorWriter& errors) {
    const Services services{runtime, errors};
    std::vector<http::Route> out;
    const auto add = [&](const char* name, void (*handle)(http::Exchange&, const Services&)) {
        for (const char* prefix : {"/api/", "/v1/"}) {
            out.push_back(
                {.method = "POST",
                 .path = std::string(prefix) + name,
                 .handler = [services, handle](http::Exchange& e) { handle(e, services); },
                 .max_body_bytes = kMaxBodyBytes}
            );
        }
    };
    add("tokenize", tokenize);
    add("detokenize", detokenize);
    add("rerank", rerank);
    return out;
}

}  // namespace moat::api::texts
