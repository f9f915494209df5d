#include "api/openai/errors.h"
#include "api/openai/reply.h"
#include "api/openai/routes.h"
#include "api/openai/transcription.h"

namespace moat::api::openai {

void transcriptions(http::Exchange& exchange, inference::ModelRuntime& runtime) {
    const http::Request& request = exchange.request();
    const auto read = read_transcription(request.header("content-type"), request.body);
    if (!read) return exchange.send(error_response(read.error()));
    inference::GenerateEvent said;
    const auto result = runtime.chat(
        request.principal,
        read->request,
        [&](const inference::GenerateEvent& event) { return append(said, event); },
        exchange.client_gone()
    );
    if (!result) return exchange.send(error_response(result.error()));
    if (!read->as_text) return exchange.send(json_response(json::Object{{"text", said.content}}));
    http::Response out;
    out.content_type = "text/plain; charset=utf-8";
    out.body = said.content + "\n";
    exchange.send(std::move(out));
}

}  // namespace moat::api::openai
