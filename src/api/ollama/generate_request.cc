#include "api/ollama/generate_request.h"

#include "api/ollama/request_fields.h"
#include "api/request/go_json.h"

namespace moat::api::ollama {

Result<Generate> read_generate(std::string_view body) {
    TRY_ASSIGN(const json::Value value, read_go_json(body));
    GoDecoding decoding;
    GoStruct in(decoding, value, "api.GenerateRequest");
    Generate out;
    inference::CompletionRequest& request = out.request;
    in.read("model", request.model);
    in.read("prompt", request.prompt);
    in.read("suffix", request.suffix);
    in.read("context", request.context);
    in.read("stream", out.stream);
    in.read("raw", request.raw);
    in.read("truncate", request.truncate);
    in.read("shift", request.shift);
    in.read("_debug_render_only", out.render_only);
    in.read("load_progress", request.tell_loading);  // beyond Ollama's
    std::string system;
    std::string prompt_template;
    in.read("system", system);
    in.read("template", prompt_template);
    if (!system.empty()) request.system = std::move(system);
    if (!prompt_template.empty()) request.prompt_template = std::move(prompt_template);
    request.format = any_field(in, "format");
    request.options = options_field(in);
    request.images = images_field(in);
    request.keep_alive = keep_alive_field(in);
    request.top_logprobs = logprobs_field(in);
    const Think think = think_field(in);
    request.think = think.on;
    request.think_level = think.level;
    TRY(decoding.status());
    request.tell_loading &= out.stream;
    return out;
}

}  // namespace moat::api::ollama
