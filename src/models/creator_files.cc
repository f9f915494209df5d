#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "models/model_creator.h"

// The part of ModelCreator that takes files: weights in one file or several, projectors, adapters
// and draft models.
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

std::int64_t size_of(const std::filesystem::path& path) {
    std::error_code error;
    return static_cast<std::int64_t>(std::filesystem::file_size(path, error));
}

std::string_view media_type_of(FileRole role) {
    switch (role) {
        case FileRole::projector:
            return layer_type::kProjector;
        case FileRole::adapter:
            return layer_type::kAdapter;
        case FileRole::model:
            break;
    }
    return layer_type::kModel;
}

void describe(ModelConfig& config, const std::vector<WeightFile>& files) {
    const ModelFacts& first = files.front().facts;
    std::uint64_t parameters = 0;
    for (const WeightFile& file : files)
        parameters += file.facts.parameters;
    config.family = first.architecture;
    config.parameter_size = parameter_size_text(parameters);
    config.file_type = first.file_type;
    config.context_length = first.context_length;
    config.embedding_length = first.embedding_length;
}

void add_family(ModelConfig& config, const std::string& family) {
    if (std::ranges::find(config.families, family) == config.families.end())
        config.families.push_back(family);
}
}  // namespace

Result<Sha256> ModelCreator::pin_file(const std::string& name, const std::string& text) {
    TRY(check_file_name(name));
    TRY_ASSIGN(const Sha256 digest, parse_digest(text));
    const std::lock_guard lock(store_.shared_->write_mutex);
    if (!store_.has_own_blob(digest))
        return wrong(
            fmt::format("blob \"{}\" not found: upload {} first", digest_text(digest), name)
        );
    pins_.pin(digest);
    return digest;
}

Result<WeightFile> ModelCreator::open_file(const std::string& name, const std::string& text) {
    TRY_ASSIGN(const Sha256 digest, pin_file(name, text));
    return read_head(
        name, {.media_type = {}, .digest = digest, .size = size_of(store_.blob_path(digest))}
    );
}

Result<WeightFile> ModelCreator::read_head(const std::string& name, Layer layer) {
    const auto path = store_.path_of(layer);
    say("parsing GGUF");
    if (!looks_like_gguf(path))
        return wrong(fmt::format("supplied file was not in GGUF format: {}", name));
    GgufReadOptions options;
    options.name = std::filesystem::path(name).filename().string();
    TRY_ASSIGN(const GgufFile file, read_gguf(path, options));
    WeightFile out{.name = options.name, .layer = std::move(layer), .facts = facts_of(file)};
    out.layer.media_type = media_type_of(out.facts.role);
    return out;
}

// The file is read once, for its digest; from then on size and time tell whether it is the same.
Result<WeightFile> ModelCreator::take_link(const std::string& name, const std::string& path) {
    TRY(check_file_name(name));
    TRY_ASSIGN(const LinkedFile before, look_at_file(path));
    if (!looks_like_gguf(path))
        return wrong(fmt::format("supplied file was not in GGUF format: {}", name));
    say("linking " + name);
    TRY_ASSIGN(const Sha256 digest, sha256_of_file(path));
    TRY_ASSIGN(const LinkedFile after, look_at_file(path));
    if (before != after)
        return Error{ErrorCode::conflict, name + " changed while it was read; try again"};
    Layer layer{.media_type = {}, .digest = digest, .size = after.size, .linked = after};
    {
        const std::lock_guard lock(store_.shared_->write_mutex);
        pins_.pin(digest);
        // A copy that is there already is safer than the link.
        if (store_.has_own_blob(digest)) {
            layer.linked.reset();
        } else {
            TRY(place_link(digest, path));
        }
    }
    return read_head(name, std::move(layer));
}

Status ModelCreator::place_link(const Sha256& digest, const std::filesystem::path& target) {
    const auto place = store_.blob_path(digest);
    const auto temporary = temporary_beside(place);
    std::error_code error;
    std::filesystem::create_symlink(target, temporary, error);
    if (error) return Error{ErrorCode::io, "the link to the file cannot be made"};
    return publish_file(temporary, place);
}

Status ModelCreator::take_files() {
    if (is_published(request_.files)) return take_published();
    std::vector<WeightFile> weights;
    std::vector<WeightFile> others;
    for (const auto& [name, digest] : request_.files) {
        TRY_ASSIGN(auto file, open_file(name, digest));
        (file.facts.role == FileRole::model ? weights : others).push_back(std::move(file));
    }
    for (const auto& [name, path] : request_.links) {
        TRY_ASSIGN(auto file, take_link(name, path));
        (file.facts.role == FileRole::model ? weights : others).push_back(std::move(file));
    }
    if (weights.empty()) return wrong("no model file was given, only projectors or adapters");
    TRY(add_weights(std::move(weights), "using existing layer "));
    for (const WeightFile& file : others) {
        if (file.facts.role == FileRole::projector) add_family(config_, file.facts.architecture);
        layers_.push_back(file.layer);
        say("using existing layer " + digest_text(file.layer.digest));
    }
    return Ok{};
}

Status ModelCreator::add_weights(std::vector<WeightFile> files, std::string_view layer_status) {
    TRY(order_shards(files));
    std::int64_t tensors = 0;
    for (const WeightFile& file : files)
        tensors += file.facts.tensors;
    if (tensors == 0) return Error{ErrorCode::corrupt, files.front().name + " holds no tensors"};
    describe(config_, files);
    add_family(config_, files.front().facts.architecture);
    detect_in_ = files.front().facts.chat_template;
    for (const WeightFile& file : files) {
        layers_.push_back(file.layer);
        // A quantized model's layer is another one, told of when it is made.
        if (request_.quantize.empty())
            say(std::string(layer_status) + digest_text(file.layer.digest));
    }
    return Ok{};
}

Status ModelCreator::take_adapters() {
    if (request_.adapters.empty()) return Ok{};
    if (is_published(request_.adapters)) return take_published_adapter();
    if (request_.adapters.size() > 1) return wrong("only one adapter is currently supported");
    const auto& [name, digest] = request_.adapters.front();
    TRY_ASSIGN(const WeightFile file, open_file(name, digest));
    if (file.facts.role != FileRole::adapter)
        return wrong(fmt::format("{} is not a LoRA adapter", name));
    if (!config_.family.empty() && file.facts.architecture != config_.family) {
        return wrong(fmt::format(
            "{} is an adapter for {} models, and this model is a {}",
            name,
            file.facts.architecture,
            config_.family
        ));
    }
    replace(layer_type::kAdapter);
    layers_.push_back(file.layer);
    say("using existing layer " + digest_text(file.layer.digest));
    return Ok{};
}

Status ModelCreator::take_drafts() {
    if (request_.drafts.empty()) return Ok{};
    if (request_.drafts.size() > 1) return wrong("only one draft model is supported");
    const auto& [name, digest] = request_.drafts.front();
    TRY_ASSIGN(const WeightFile file, open_file(name, digest));
    if (file.facts.role != FileRole::model || file.facts.split_count > 1)
        return wrong(fmt::format("{} cannot be a draft model: give a whole GGUF model", name));
    replace(layer_type::kDraft);
    Layer layer = file.layer;
    layer.media_type = layer_type::kDraft;
    layers_.push_back(std::move(layer));
    if (request_.draft_quantize.empty())
        say("using existing layer " + digest_text(file.layer.digest));
    return Ok{};
}

}  // namespace moat::models
