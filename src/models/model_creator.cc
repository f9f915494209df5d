#include <algorithm>

#include <fmt/format.h>

#include "models/model_store_shared.h"
#include "models/parameters.h"

namespace moat::models {
namespace {

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// A file is named for people only; still, a name that leaves its folder is a mistake.
Status check_file_name(const std::string& name) {
    const std::filesystem::path path(name);
    const bool leaves = std::ranges::find(path, "..") != path.end();
    if (name.empty() || path.is_absolute() || leaves) return wrong("file path must be relative");
    return Ok{};
}

json::Value messages_json(const std::vector<ChatMessage>& messages) {
    json::Array out;
    for (const ChatMessage& message : messages)
        out.push_back(json::Object{{"role", message.role}, {"content", message.content}});
    return out;
}

std::int64_t size_of(const std::filesystem::path& path) {
    std::error_code error;
    return static_cast<std::int64_t>(std::filesystem::file_size(path, error));
}

void describe(ModelConfig& config, const ModelFacts& facts) {
    config.family = facts.architecture;
    config.parameter_size = facts.parameter_size;
    config.file_type = facts.file_type;
    config.context_length = facts.context_length;
    config.embedding_length = facts.embedding_length;
}

}  // namespace

Status ModelCreator::run() {
    const auto name = parse_model_name(request_.name);
    if (!name) return wrong("invalid model name");
    TRY(check_texts());

    const std::lock_guard lock(store_.shared_->write_mutex);
    if (!request_.from.empty()) {
        TRY_ASSIGN(const ModelName base, parse_model_name(request_.from));
        TRY(take_base(base));
    } else if (!request_.files.empty()) {
        TRY(take_files());
    } else {
        return wrong("neither 'from' or 'files' was specified");
    }
    TRY(take_adapters());
    TRY(add_texts());
    TRY(add_parameters());
    TRY(add_messages());
    return finish(*name);
}

Status ModelCreator::check_texts() const {
    if (request_.prompt_template) {
        const auto parsed = PromptTemplate::parse(*request_.prompt_template);
        if (!parsed) return wrong("template error: " + parsed.error().message);
    }
    for (const auto& [key, value] : request_.parameters)
        TRY(check_option(key, value));
    for (const ChatMessage& message : request_.messages)
        if (message.role != "system" && message.role != "user" && message.role != "assistant")
            return wrong("message role must be one of \"system\", \"user\", or \"assistant\"");
    return Ok{};
}

Status ModelCreator::take_base(const ModelName& name) {
    const auto installed = store_.installed_name(name);
    if (!installed)
        return Error{ErrorCode::not_found, fmt::format("model '{}' not found", request_.from)};
    TRY_ASSIGN(const Manifest manifest, store_.read_manifest(*installed));
    TRY_ASSIGN(const auto config, store_.read_blob(manifest.config));
    TRY_ASSIGN(config_, parse_config(config));
    layers_ = manifest.layers;
    for (Layer& layer : layers_)
        if (layer.media_type == layer_type::kModel) layer.from = installed->display();
    return Ok{};
}

Status ModelCreator::take_files() {
    for (const auto& [name, digest_text] : request_.files) {
        TRY(check_file_name(name));
        TRY_ASSIGN(const Sha256 digest, parse_digest(digest_text));
        const Status taken = take_file(name, digest);
        if (!taken) {
            // What was uploaded for this model serves no other: nothing is left behind.
            store_.remove_unused({digest});
            return taken;
        }
    }
    const bool has_weights =
        std::ranges::find(layers_, layer_type::kModel, &Layer::media_type) != layers_.end();
    if (!has_weights) return wrong("no model file was given, only projectors or adapters");
    return Ok{};
}

Status ModelCreator::take_file(const std::string& name, const Sha256& digest) {
    const auto path = store_.blob_path(digest);
    if (!store_.has_blob(digest))
        return wrong(
            fmt::format("blob \"{}\" not found: upload {} first", digest_text(digest), name)
        );
    progress_("parsing GGUF");
    if (!looks_like_gguf(path))
        return wrong(fmt::format("supplied file was not in GGUF format: {}", name));
    GgufReadOptions options;
    options.name = std::filesystem::path(name).filename().string();
    TRY_ASSIGN(const GgufFile file, read_gguf(path, options));
    const ModelFacts facts = facts_of(file);
    if (facts.split_count > 1) {
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "{} is one of {} parts of a model; merge them first (llama-gguf-split --merge)",
                options.name,
                facts.split_count
            )
        };
    }
    if (facts.role == FileRole::model) {
        if (!config_.family.empty()) return wrong("only one model file can be given");
        if (file.tensors.empty())
            return Error{ErrorCode::corrupt, options.name + " holds no tensors"};
        describe(config_, facts);
    }
    const std::string_view type = facts.role == FileRole::projector ? layer_type::kProjector
                                  : facts.role == FileRole::adapter ? layer_type::kAdapter
                                                                    : layer_type::kModel;
    if (std::ranges::find(config_.families, facts.architecture) == config_.families.end() &&
        facts.role != FileRole::adapter)
        config_.families.push_back(facts.architecture);
    layers_.push_back({.media_type = std::string(type), .digest = digest, .size = size_of(path)});
    progress_("using existing layer " + digest_text(digest));
    return Ok{};
}

Status ModelCreator::take_adapters() {
    if (request_.adapters.size() > 1) return wrong("only one adapter is currently supported");
    if (request_.adapters.empty()) return Ok{};
    const auto& [name, text] = request_.adapters.front();
    TRY(check_file_name(name));
    TRY_ASSIGN(const Sha256 digest, parse_digest(text));
    replace(layer_type::kAdapter);
    TRY(take_file(name, digest));
    if (layers_.back().media_type != layer_type::kAdapter)
        return wrong(fmt::format("{} is not a LoRA adapter", name));
    return Ok{};
}

void ModelCreator::replace(std::string_view media_type) {
    std::erase_if(layers_, [media_type](const Layer& layer) {
        return layer.media_type == media_type;
    });
}

Status ModelCreator::add_text(std::string_view media_type, std::string_view text) {
    const Sha256 digest = sha256(bytes_of(text));
    const bool known = store_.has_blob(digest);
    TRY(store_.put_text(digest, text));
    layers_.push_back(
        {.media_type = std::string(media_type),
         .digest = digest,
         .size = static_cast<std::int64_t>(text.size())}
    );
    progress_((known ? "using existing layer " : "creating new layer ") + digest_text(digest));
    return Ok{};
}

Status ModelCreator::add_texts() {
    if (request_.prompt_template) {
        replace(layer_type::kTemplate);
        replace(layer_type::kPrompt);
        if (!request_.prompt_template->empty())
            TRY(add_text(layer_type::kTemplate, *request_.prompt_template));
    }
    if (request_.system) {
        replace(layer_type::kSystem);
        if (!request_.system->empty()) TRY(add_text(layer_type::kSystem, *request_.system));
    }
    for (const std::string& license : request_.licenses)
        TRY(add_text(layer_type::kLicense, license));
    if (request_.renderer) config_.renderer = *request_.renderer;
    if (request_.parser) config_.parser = *request_.parser;
    if (request_.required_version) config_.required_version = *request_.required_version;
    return Ok{};
}

// Those of the base stay unless they are given anew.
Status ModelCreator::add_parameters() {
    if (request_.parameters.empty()) return Ok{};
    json::Object joined;
    const auto base = std::ranges::find(layers_, layer_type::kParameters, &Layer::media_type);
    if (base != layers_.end()) {
        TRY_ASSIGN(const auto text, store_.read_blob(*base));
        TRY_ASSIGN(const auto value, json::read(text));
        if (value.is_object()) joined = value.get_object();
    }
    for (const auto& [key, value] : request_.parameters)
        joined[key] = value;
    replace(layer_type::kParameters);
    return add_text(layer_type::kParameters, json::write(joined));
}

Status ModelCreator::add_messages() {
    if (request_.messages.empty()) return Ok{};
    replace(layer_type::kMessages);
    return add_text(layer_type::kMessages, json::write(messages_json(request_.messages)));
}

Status ModelCreator::finish(const ModelName& name) {
    const ModelName target = store_.installed_name(name).value_or(name);
    const auto replaced = store_.read_manifest(target);

    const std::string config = to_json(config_, layers_);
    const Sha256 digest = sha256(bytes_of(config));
    TRY(store_.put_text(digest, config));
    const Manifest manifest{
        .config =
            {.media_type = "application/vnd.docker.container.image.v1+json",
             .digest = digest,
             .size = static_cast<std::int64_t>(config.size())},
        .layers = layers_
    };
    progress_("writing manifest");
    TRY(store_.write_manifest(target, manifest));
    if (replaced) store_.remove_unused(replaced->digests());
    progress_("success");
    return Ok{};
}

}  // namespace moat::models
