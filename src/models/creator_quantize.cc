#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "models/gguf_types.h"
#include "models/model_creator.h"

// The part of ModelCreator that stores weights in fewer bits.
namespace moat::models {
namespace {

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

Status sync_file(const std::filesystem::path& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd && ::fsync(fd.get()) == 0) return Ok{};
    return file_error("the quantized model cannot be written", errno);
}

}  // namespace

// Its numbers are read by the process that quantizes; here only that it is such a file.
Status ModelCreator::take_importance() {
    if (request_.importance.empty()) return Ok{};
    if (request_.quantize.empty())
        return wrong("an importance matrix is for quantizing: give the type to quantize to as well"
        );
    if (request_.importance.size() > 1) return wrong("only one importance matrix is supported");
    const auto& [name, text] = request_.importance.front();
    TRY_ASSIGN(const Sha256 digest, pin_file(name, text));
    ImportanceFile file{
        .path = store_.blob_path(digest), .name = std::filesystem::path(name).filename().string()
    };
    const Error none = wrong(fmt::format(
        "{} is not an importance matrix in GGUF format, as llama.cpp's llama-imatrix writes it",
        to_valid_utf8(file.name)
    ));
    if (!looks_like_gguf(file.path)) return none;
    GgufReadOptions options;
    options.name = file.name;
    TRY_ASSIGN(const GgufFile head, read_gguf(file.path, options));
    if (head.string_or("general.type", "") != "imatrix") return none;
    importance_ = std::move(file);
    return Ok{};
}

Status ModelCreator::quantize() {
    TRY(take_importance());
    TRY(quantize_layers(layer_type::kModel, request_.quantize));
    importance_.reset();  // it is about those weights
    return quantize_layers(layer_type::kDraft, request_.draft_quantize);
}

Status ModelCreator::quantize_layers(std::string_view media_type, const std::string& type_name) {
    if (type_name.empty()) return Ok{};
    TRY_ASSIGN(const QuantizationType type, find_quantization_type(type_name));
    std::vector<Layer> sources;
    std::ranges::copy_if(layers_, std::back_inserter(sources), [media_type](const Layer& layer) {
        return layer.media_type == media_type;
    });
    if (sources.empty()) return wrong("there is no model to quantize");
    ModelFacts facts;
    bool quantized_already = false;
    for (const Layer& source : sources) {
        TRY_ASSIGN(const ModelFacts part, store_.facts_of_blob(source.digest));
        if (&source == &sources.front()) facts = part;
        quantized_already = quantized_already || part.quantized;
    }
    const bool is_draft = media_type == layer_type::kDraft;
    const bool as_it_is = type.copies || facts.file_type == type.name;
    if (as_it_is && sources.size() == 1) {
        say("using existing layer " + digest_text(sources.front().digest));
        return Ok{};
    }
    if (quantized_already && !type.copies)
        return wrong("quantization is only supported for F16, BF16 and F32 models");

    TRY_ASSIGN(Layer made, quantized(sources, type, facts));
    made.media_type = media_type;
    const auto place = std::ranges::find(layers_, media_type, &Layer::media_type);
    *place = made;
    layers_.erase(
        std::remove_if(
            std::next(place),
            layers_.end(),
            [media_type](const Layer& layer) { return layer.media_type == media_type; }
        ),
        layers_.end()
    );
    if (!is_draft && !type.copies) config_.file_type = file_type_name(type.id);
    return Ok{};
}

Result<Layer> ModelCreator::quantized(
    const std::vector<Layer>& sources, const QuantizationType& type, const ModelFacts& facts
) {
    const auto& quantizer = store_.shared_->tools.quantizer;
    if (!quantizer) return Error{ErrorCode::unsupported, "this server cannot quantize models"};
    // llama.cpp finds the shards of a model by their names, which blobs do not have.
    const TempDir names;
    QuantizeJob job{.sources = {}, .target = {}, .type = type, .importance = importance_};
    std::int64_t total = 0;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        const auto name =
            names.path() / fmt::format("model-{:05}-of-{:05}.gguf", i + 1, sources.size());
        std::error_code error;
        std::filesystem::create_symlink(
            std::filesystem::absolute(store_.path_of(sources[i])), name, error
        );
        if (error) return Error{ErrorCode::io, "the parts of the model cannot be laid out"};
        job.sources.push_back(name);
        total += sources[i].size;
    }
    job.target = temporary_beside(store_.shared_->root / "blobs" / "quantized");
    const std::string status =
        type.copies ? "copying the parts into one file"
                    : fmt::format("quantizing {} model to {}", facts.file_type, type.name);
    const auto report = [&](double share) {
        progress_(
            {.status = status,
             .digest = "0000000000000000000",  // as Ollama has it: it is not known yet
             .total = total,
             .completed = static_cast<std::int64_t>(share * static_cast<double>(total))}
        );
    };
    report(0);
    auto made = [&]() -> Result<Layer> {
        TRY(quantizer->quantize(job, report));
        return keep_quantized(job.target);
    }();
    if (!made) {
        std::error_code error;
        std::filesystem::remove(job.target, error);
        return Error{made.error().code, "cannot quantize the model: " + made.error().message};
    }
    return made;
}

// The file becomes a blob, once it has proved to be a model.
Result<Layer> ModelCreator::keep_quantized(const std::filesystem::path& file) {
    GgufReadOptions options;
    options.name = "the quantized model";
    TRY(read_gguf(file, options));
    TRY(sync_file(file));
    TRY_ASSIGN(const Sha256 digest, sha256_of_file(file));
    std::error_code error;
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(file, error));
    Layer layer{.media_type = {}, .digest = digest, .size = size};
    const std::lock_guard lock(store_.shared_->write_mutex);
    pins_.pin(digest);
    const bool known = store_.has_blob(digest);
    TRY(publish_file(file, store_.blob_path(digest)));
    say((known ? "using existing layer " : "creating new layer ") + digest_text(digest));
    return layer;
}

}  // namespace moat::models
