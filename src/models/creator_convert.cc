#include <algorithm>
#include <optional>

#include "base/file.h"
#include "models/convert/adapter.h"
#include "models/convert/converter.h"
#include "models/model_creator.h"

// The part of ModelCreator that takes models and adapters as their publishers have them, in
// safetensors.
namespace moat::models {
namespace {

// Asked for one of these, a model is converted to it at once, without a file in between.
std::optional<OutputType> output_type(const std::string& quantize) {
    const auto type = find_quantization_type(quantize);
    if (!type) return std::nullopt;
    if (type->name == "F32") return OutputType::f32;
    if (type->name == "F16") return OutputType::f16;
    if (type->name == "BF16") return OutputType::bf16;
    return std::nullopt;
}

}  // namespace

bool ModelCreator::is_published(const Files& files) {
    return std::ranges::any_of(files, [](const auto& file) {
        return file.first.ends_with(".safetensors");
    });
}

Status ModelCreator::take_published() {
    if (!request_.links.empty()) {
        return Error{
            ErrorCode::invalid_argument,
            "a model in safetensors is converted, so it cannot be used in place: leave --link out"
        };
    }
    TRY_ASSIGN(Layer layer, converted());
    TRY_ASSIGN(auto file, read_head("the converted model", std::move(layer)));
    return add_weights({std::move(file)}, "creating new layer ");
}

Result<ModelFolder> ModelCreator::published_folder(const Files& given) {
    std::vector<std::pair<std::string, std::filesystem::path>> files;
    for (const auto& [name, text] : given) {
        TRY_ASSIGN(const Sha256 digest, pin_file(name, text));
        files.emplace_back(name, store_.blob_path(digest));
    }
    return ModelFolder(std::move(files));
}

Result<ConvertRequest> ModelCreator::convert_request(const std::string& status) const {
    ConvertRequest request;
    request.target = temporary_beside(store_.shared_->root / "blobs" / "converted");
    TRY_ASSIGN(const ModelName name, parse_model_name(request_.name));
    request.name = name.model;
    request.progress =
        [this, status, told = std::uint64_t{0}](std::uint64_t done, std::uint64_t total) mutable {
            constexpr std::uint64_t kSteps = 100;
            if (done * kSteps / total == told) return;
            told = done * kSteps / total;
            progress_(
                {.status = status,
                 .total = static_cast<std::int64_t>(total),
                 .completed = static_cast<std::int64_t>(done)}
            );
        };
    say(status);
    return request;
}

Result<Layer> ModelCreator::keep_converted(
    const std::filesystem::path& file, const ConvertedModel& made
) {
    const std::lock_guard lock(store_.shared_->write_mutex);
    pins_.pin(made.digest);
    TRY(publish_file(file, store_.blob_path(made.digest)));
    return Layer{
        .media_type = {}, .digest = made.digest, .size = static_cast<std::int64_t>(made.size)
    };
}

Result<Layer> ModelCreator::converted() {
    TRY_ASSIGN(const ModelFolder folder, published_folder(request_.files));
    TRY_ASSIGN(ConvertRequest request, convert_request("converting model"));
    if (!request_.quantize.empty()) request.type = output_type(request_.quantize);
    TRY_ASSIGN(const auto made, convert_safetensors(folder, request, request_.stop));
    return keep_converted(request.target, made);
}

// A folder is named for people only: what counts is the names of the files in it.
Status ModelCreator::take_published_adapter() {
    AdapterBase base;
    for (const Layer& layer : layers_) {
        if (layer.media_type != layer_type::kModel) continue;
        TRY_ASSIGN(const GgufFile file, read_gguf(store_.path_of(layer)));
        base.add(file);
    }
    Files files;
    for (const auto& [name, digest] : request_.adapters)
        files.emplace_back(std::filesystem::path(name).filename().string(), digest);
    TRY_ASSIGN(const ModelFolder folder, published_folder(files));
    TRY_ASSIGN(const ConvertRequest request, convert_request("converting adapter"));
    TRY_ASSIGN(const auto made, convert_adapter(folder, base, request, request_.stop));
    TRY_ASSIGN(Layer layer, keep_converted(request.target, made));
    layer.media_type = layer_type::kAdapter;
    replace(layer_type::kAdapter);
    say("creating new layer " + digest_text(layer.digest));
    layers_.push_back(std::move(layer));
    return Ok{};
}

}  // namespace moat::models
