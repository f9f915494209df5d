#include <algorithm>
#include <optional>

#include "base/file.h"
#include "models/convert/converter.h"
#include "models/model_creator.h"

// The part of ModelCreator that takes a model as its publisher has it, in safetensors.
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

bool ModelCreator::is_published() const {
    return std::ranges::any_of(request_.files, [](const auto& file) {
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

Result<Layer> ModelCreator::converted() {
    std::vector<std::pair<std::string, std::filesystem::path>> files;
    for (const auto& [name, text] : request_.files) {
        TRY_ASSIGN(const Sha256 digest, pin_file(name, text));
        files.emplace_back(name, store_.blob_path(digest));
    }
    say("converting model");
    ConvertRequest request;
    request.target = temporary_beside(store_.shared_->root / "blobs" / "converted");
    TRY_ASSIGN(const ModelName name, parse_model_name(request_.name));
    request.name = name.model;
    if (!request_.quantize.empty()) request.type = output_type(request_.quantize);
    std::uint64_t told = 0;
    request.progress = [&](std::uint64_t done, std::uint64_t total) {
        constexpr std::uint64_t kSteps = 100;
        if (done * kSteps / total == told) return;
        told = done * kSteps / total;
        progress_(
            {.status = "converting model",
             .total = static_cast<std::int64_t>(total),
             .completed = static_cast<std::int64_t>(done)}
        );
    };
    TRY_ASSIGN(
        const auto made, convert_safetensors(ModelFolder(std::move(files)), request, request_.stop)
    );
    const std::lock_guard lock(store_.shared_->write_mutex);
    pins_.pin(made.digest);
    TRY(publish_file(request.target, store_.blob_path(made.digest)));
    return Layer{
        .media_type = {}, .digest = made.digest, .size = static_cast<std::int64_t>(made.size)
    };
}

}  // namespace moat::models
