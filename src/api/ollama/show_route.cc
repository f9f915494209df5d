#include "api/ollama/errors.h"
#include "api/ollama/handlers.h"
#include "api/ollama/reply.h"
#include "api/ollama/request_fields.h"
#include "api/request/go_json.h"
#include "models/gguf_file.h"
#include "models/gguf_types.h"
#include "models/modelfile_text.h"

namespace moat::api::ollama {
namespace {

struct Show {
    std::string model;
    std::string system;
    std::string prompt_template;
    bool verbose = false;
    bool fit = false;  // beyond Ollama's: also whether it would load now
    json::Object options{};
};

Result<Show> read_show(std::string_view body) {
    TRY_ASSIGN(const json::Value value, read_go_json(body));
    GoDecoding decoding;
    GoStruct in(decoding, value, "api.ShowRequest");
    Show out;
    out.model = model_field(in);
    in.read("system", out.system);
    in.read("template", out.prompt_template);
    in.read("verbose", out.verbose);
    in.read("fit", out.fit);
    in.read("options", out.options);
    TRY(decoding.status());
    if (out.model.empty()) return Error{ErrorCode::invalid_argument, "model is required"};
    return out;
}

json::Object info_of(const models::GgufFile& file) {
    json::Object out;
    for (const models::GgufEntry& entry : file.metadata)
        if (entry.key != "general.name" && entry.key != "tokenizer.chat_template")
            out[entry.key] = entry.value;
    out["general.parameter_count"] = file.parameter_count();
    return out;
}

void add_tensors(json::Array& out, const models::GgufFile& file) {
    for (const models::GgufTensor& tensor : file.tensors)
        out.push_back(json::Object{
            {"name", tensor.name},
            {"type", models::tensor_type(tensor.type)->name},
            {"shape", json::Array(tensor.shape.begin(), tensor.shape.end())}
        });
}

// The first file says what the model is; shards after it only add tensors.
Status add_weights(
    json::Object& out, const models::Model& model, const models::GgufReadOptions& options
) {
    json::Object info;
    json::Array tensors;
    std::uint64_t parameters = 0;
    for (const auto& path : model.files()) {
        TRY_ASSIGN(const models::GgufFile file, models::read_gguf(path, options));
        if (info.empty()) info = info_of(file);
        parameters += file.parameter_count();
        add_tensors(tensors, file);
    }
    info["general.parameter_count"] = parameters;
    out["model_info"] = std::move(info);
    out["tensors"] = std::move(tensors);
    return Ok{};
}

json::Array messages_of(const std::vector<models::ChatMessage>& messages) {
    json::Array out;
    for (const models::ChatMessage& message : messages)
        out.push_back(json::Object{{"role", message.role}, {"content", message.content}});
    return out;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts)
        out += (out.empty() ? "" : "\n") + text;
    return out;
}

void put(json::Object& out, std::string_view key, const std::string& text) {
    if (!text.empty()) out[key] = text;
}

void add_texts(json::Object& out, const models::Model& model) {
    put(out, "license", joined(model.licenses));
    put(out, "modelfile", models::modelfile_text(model));
    put(out, "parameters", models::parameters_text(model.parameters));
    put(out, "template", model.prompt_template.value_or("{{ .Prompt }}"));
    put(out, "system", model.system);
    put(out, "renderer", model.renderer);
    put(out, "parser", model.parser);
    out["details"] = details_of(model.details);
    if (!model.messages.empty()) out["messages"] = messages_of(model.messages);
}

Result<json::Object> shown(const models::Model& model, bool verbose) {
    models::GgufReadOptions options;
    options.name = model.name.display();
    options.max_array_length = verbose ? std::uint64_t{1} << 20 : 5;
    json::Object out;
    add_texts(out, model);
    TRY(add_weights(out, model, options));
    if (!model.projector.empty()) {
        TRY_ASSIGN(const models::GgufFile projector, models::read_gguf(model.projector, options));
        out["projector_info"] = info_of(projector);
    }
    out["capabilities"] = texts_of(model.capabilities);
    out["modified_at"] = to_rfc3339(model.modified_at);
    put(out, "requires", model.required_version);
    return out;
}

json::Object to_json(const inference::Fit& fit) {
    return json::Object{
        {"fits", fit.fits},
        {"file_bytes", fit.file_bytes},
        {"cache_bytes_per_token", fit.cache_bytes_per_token},
        {"workspace_bytes", fit.workspace_bytes},
        {"needed_bytes", fit.needed_bytes},
        {"available_bytes", fit.available_bytes},
        {"context_length", fit.context_length},
        {"slots", fit.slots},
        {"pool_tokens", fit.pool}
    };
}

}  // namespace

void show_model(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    const auto asked = read_show(request.body);
    if (!asked) return exchange.send(error_response(asked.error()));
    auto model = services.store.find(request.principal, asked->model);
    if (!model) return exchange.send(error_response(model.error()));
    if (!asked->system.empty()) model->system = asked->system;
    if (!asked->prompt_template.empty()) model->prompt_template = asked->prompt_template;
    auto out = shown(*model, asked->verbose);
    if (!out) return exchange.send(error_response(out.error()));
    if (asked->fit) {
        const auto fit = services.runtime.fit(request.principal, asked->model, asked->options);
        if (!fit) return exchange.send(error_response(fit.error()));
        (*out)["fit"] = to_json(*fit);
    }
    // This one shows the user the base name in place of the name that was picked.
    if (request.header("user-agent").starts_with("GitHubCopilotChat/"))
        out->at("model_info").get_object()["general.basename"] = asked->model;
    exchange.send(json_response(*out));
}

}  // namespace moat::api::ollama
