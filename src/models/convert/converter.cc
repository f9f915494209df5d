#include "models/convert/converter.h"

#include <algorithm>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "models/convert/family.h"
#include "models/convert/pooling.h"
#include "models/convert/special_tokens.h"
#include "models/convert/tensor_stream.h"
#include "models/convert/vocabulary.h"
#include "models/gguf_writer.h"

namespace moat::models {
namespace {

// general.file_type of each; ggml's numbers for files differ from those for tensors.
std::uint32_t file_type(OutputType type) {
    switch (type) {
        case OutputType::f32:
            return 0;
        case OutputType::f16:
            return 1;
        case OutputType::bf16:
            return 32;
    }
    return 1;
}

// BF16 has numbers that F16 has not, so it stays; F32 is more than any run gains from.
OutputType usual_type(const WeightFiles& weights) {
    const bool bf16 = std::ranges::any_of(weights.tensors(), [](const WeightFiles::Tensor& tensor) {
        return tensor.head.type == WeightType::bf16 && tensor.head.shape.size() > 1;
    });
    return bf16 ? OutputType::bf16 : OutputType::f16;
}

// Only functions that llama.cpp computes for the architecture; GELU goes by several names.
Status check_activation(const Family& family, const PublishedConfig& config) {
    std::string name = config.text_or("hidden_activation", "");
    if (name.empty()) name = config.text_or("hidden_act", family.activation);
    if (name.starts_with(family.activation)) return Ok{};
    return Error{
        ErrorCode::unsupported,
        fmt::format(
            "config.json: activation \"{}\" cannot be run in architecture {}; \"{}\" can",
            to_valid_utf8(utf8_prefix(name, 40)),
            family.architecture,
            family.activation
        )
    };
}

class Converter {
  public:
    Converter(const ModelFolder& folder, const ConvertRequest& request, const std::stop_token& stop)
        : folder_(folder), request_(request), stop_(stop) {}

    Result<ConvertedModel> run() {
        TRY_ASSIGN(const auto file, folder_.json("config.json"));
        if (!file) return Error{ErrorCode::not_found, "the folder has no config.json"};
        TRY_ASSIGN(const auto config, PublishedConfig::read(*file));
        TRY_ASSIGN(const Family* family, find_family(config));
        TRY(check_activation(*family, config));
        TRY_ASSIGN(const auto weights, WeightFiles::open(folder_));
        const OutputType type = request_.type.value_or(usual_type(weights));
        TRY_ASSIGN(const auto tensors, plan_tensors(*family, config, weights, type));

        GgufHead head;
        TRY(describe(config, *family, type, head));
        TRY(describe_tokens(config, *family, tensors, head));
        for (const PlannedTensor& tensor : tensors)
            head.tensor(
                tensor.name, tensor.shape, static_cast<std::uint32_t>(tensor.type), tensor.bytes()
            );
        return write_model(request_, head, tensors, weights, stop_);
    }

  private:
    Status describe(
        const PublishedConfig& config, const Family& family, OutputType type, GgufHead& head
    ) const {
        head.text("general.architecture", family.architecture);
        head.text("general.type", "model");
        if (!request_.name.empty()) head.text("general.name", request_.name);
        head.u32("general.file_type", file_type(type));
        head.u32("general.quantization_version", 2);
        TRY(family.describe(config, family.architecture, head));
        return write_pooling(folder_, family, head);
    }

    Result<Vocabulary> read_vocabulary(TokenizerKind kind) const {
        switch (kind) {
            case TokenizerKind::word_pieces:
                return read_word_pieces(folder_);
            case TokenizerKind::unigram:
                return read_unigram_vocabulary(folder_);
            case TokenizerKind::decoder:
                break;
        }
        return read_decoder_vocabulary(folder_);
    }

    // The embedding matrix says how many tokens there are: tokenizers may know fewer or more.
    Status describe_tokens(
        const PublishedConfig& config,
        const Family& family,
        const std::vector<PlannedTensor>& tensors,
        GgufHead& head
    ) const {
        TRY_ASSIGN(auto vocabulary, read_vocabulary(family.tokenizer));
        const auto embedding =
            std::ranges::find(tensors, "token_embd.weight", &PlannedTensor::name);
        const std::uint64_t rows = embedding->shape.back();
        if (embedding->shape.size() != 2 || rows > kMaxTokens) {
            return Error{
                ErrorCode::invalid_argument, "the tokens' vectors are not a matrix of a usual size"
            };
        }
        vocabulary.fit(static_cast<std::uint32_t>(rows));
        head.u32(
            fmt::format("{}.vocab_size", family.architecture), static_cast<std::uint32_t>(rows)
        );
        vocabulary.write(head);
        return write_special_tokens(folder_, config, vocabulary, head);
    }

    const ModelFolder& folder_;
    const ConvertRequest& request_;
    const std::stop_token& stop_;
};

Result<ConvertedModel> write_tensors(
    const ConvertRequest& request,
    const GgufHead& head,
    const std::vector<PlannedTensor>& tensors,
    const WeightFiles& weights,
    GgufOutput& output,
    const std::stop_token& stop
) {
    std::uint64_t done = 0;
    for (const PlannedTensor& tensor : tensors) {
        const auto told = [&](std::uint64_t bytes) {
            done += bytes;
            if (request.progress) request.progress(done, head.data_bytes());
        };
        TRY(write_tensor(tensor, weights, output, told, stop));
    }
    TRY_ASSIGN(const Sha256 digest, output.finish());
    return ConvertedModel{.digest = digest, .size = output.size()};
}

}  // namespace

Result<ConvertedModel> write_model(
    const ConvertRequest& request,
    const GgufHead& head,
    const std::vector<PlannedTensor>& tensors,
    const WeightFiles& weights,
    const std::stop_token& stop
) {
    TRY(check_room(request.target.parent_path(), head.data_bytes()));
    TRY_ASSIGN(auto output, GgufOutput::create(request.target, head));
    auto written = write_tensors(request, head, tensors, weights, output, stop);
    if (!written) ::unlink(request.target.c_str());
    return written;
}

Result<ConvertedModel> convert_safetensors(
    const ModelFolder& folder, const ConvertRequest& request, const std::stop_token& stop
) {
    return Converter(folder, request, stop).run();
}

}  // namespace moat::models
