#include "api/ollama/create_request.h"

#include "api/ollama/request_fields.h"
#include "api/request/go_json.h"

namespace moat::api::ollama {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

// {"model.gguf": "sha256:..."}
Files read_files(GoStruct& in, std::string_view key) {
    json::Object given;
    in.read(key, given);
    Files out;
    for (const auto& [name, digest] : given) {
        if (!digest.is_string()) {
            in.fail_type(key, digest, "string");
            break;
        }
        out.emplace_back(std::string(name), std::string(json::view(digest.get_string())));
    }
    return out;
}

// One text or a list of them.
std::vector<std::string> read_licenses(GoStruct& in) {
    std::vector<std::string> out;
    const json::Value* given = in.find("license");
    if (!given) return out;
    if (given->is_string()) return {std::string(json::view(given->get_string()))};
    in.read("license", out);
    return out;
}

std::vector<models::ChatMessage> read_messages(GoStruct& in) {
    std::vector<models::ChatMessage> out;
    for (GoStruct& item : in.children("messages", "api.Message")) {
        models::ChatMessage message;
        item.read("role", message.role);
        item.read("content", message.content);
        out.push_back(std::move(message));
    }
    return out;
}

// What this build does not do, so that nothing asked for is silently left out.
Status refuse_unsupported(const GoStruct& in) {
    const json::Value* host = in.find("remote_host");
    const bool asked = host != nullptr && !(host->is_string() && host->get_string().empty());
    if (asked) return Error{ErrorCode::unsupported, "models on other hosts are not supported"};
    return Ok{};
}

}  // namespace

Result<Create> read_create(std::string_view body) {
    TRY_ASSIGN(const json::Value value, read_go_json(body));
    GoDecoding decoding;
    GoStruct in(decoding, value, "api.CreateRequest");
    Create out;
    models::CreateRequest& request = out.request;
    request.name = model_field(in);
    in.read("stream", out.stream);
    in.read("from", request.from);
    in.read("template", request.prompt_template);
    in.read("system", request.system);
    in.read("parameters", request.parameters);
    in.read("info", request.info);
    std::string quantization;
    in.read("quantize", request.quantize);
    in.read("quantization", quantization);  // the field's former name
    if (request.quantize.empty()) request.quantize = quantization;
    in.read("draft_quantize", request.draft_quantize);
    in.read("renderer", request.renderer);
    in.read("parser", request.parser);
    in.read("requires", request.required_version);
    request.files = read_files(in, "files");
    request.links = read_files(in, "links");
    request.adapters = read_files(in, "adapters");
    request.drafts = read_files(in, "draft_files");
    request.importance = read_files(in, "imatrix");
    request.licenses = read_licenses(in);
    request.messages = read_messages(in);
    TRY(decoding.status());
    TRY(refuse_unsupported(in));
    const bool no_files = in.find("files") != nullptr && request.files.empty() &&
                          request.links.empty() && request.from.empty();
    // A wrong name is told first, by the store.
    if (no_files && models::parse_model_name(request.name))
        return Error{ErrorCode::invalid_argument, "no files provided to convert"};
    return out;
}

}  // namespace moat::api::ollama
