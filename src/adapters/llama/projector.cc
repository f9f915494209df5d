#include "adapters/llama/projector.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include <fmt/core.h>
#include <mtmd-helper.h>
#include <mtmd.h>

#include "adapters/llama/media_tokens.h"
#include "adapters/llama/webp.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/sha256.h"
#include "inference/media.h"
#include "models/gguf_file.h"

namespace moat::adapters::llama {
namespace {

// Those that take images of any size, up to kMostRows rows each.
constexpr std::string_view kAnySize[] = {
    "qwen2vl_merger", "qwen2.5vl_merger", "qwen3vl_merger", "qwen2.5o"
};
constexpr int kMostRows = 4096;

// A photograph must not fill the context: where the projector can, it is made smaller. -1: as the
// projector has it.
int most_rows(const std::filesystem::path& file, int context_length) {
    const auto head = models::read_gguf(file, {.name = "projector"});
    if (!head) return -1;  // loading it says why
    const std::string kind =
        head->string_or("clip.projector_type", head->string_or("clip.vision.projector_type", ""));
    const int fitting = context_length / 2;
    const bool any_size = std::ranges::find(kAnySize, kind) != std::end(kAnySize);
    return any_size && fitting < kMostRows ? fitting : -1;
}

Error cannot_load(const std::string& name, const LogCapture& log) {
    const std::string cause = log.last_error();
    return Error{
        ErrorCode::corrupt,
        fmt::format(
            "unable to load the projector of model {}{}{}", name, cause.empty() ? "" : ": ", cause
        )
    };
}

// llama.cpp would start ffmpeg for it.
mtmd::bitmap_ptr decoded_webp(BytesView file) {
    const auto pixels = decode_webp(file);
    if (!pixels) return nullptr;
    mtmd::bitmap_ptr bitmap(mtmd_bitmap_init(pixels->width, pixels->height, pixels->rgb.get()));
    mtmd_bitmap_set_id(bitmap.get(), sha256(file).hex().c_str());  // as for the other formats
    return bitmap;
}

// Nothing: it cannot be decoded.
mtmd::bitmap_ptr decoded(const mtmd_context* context, std::string_view file) {
    const BytesView bytes = bytes_of(file);
    if (is_webp(bytes)) return decoded_webp(bytes);
    const auto made = mtmd_helper_bitmap_init_from_buf(
        context,
        reinterpret_cast<const unsigned char*>(bytes.data()),
        bytes.size(),
        false,
        mtmd_helper_init_opt_default()
    );
    return mtmd::bitmap_ptr(made.bitmap);
}

Result<std::vector<mtmd::bitmap_ptr>> decode_all(
    const mtmd_context* context, std::span<const PromptPart> parts
) {
    std::vector<mtmd::bitmap_ptr> bitmaps;
    for (const PromptPart& part : parts) {
        if (part.media.empty()) continue;
        bitmaps.push_back(decoded(context, part.media));
        if (bitmaps.back() != nullptr) continue;
        const std::string message =
            fmt::format("image or sound {} cannot be decoded: it is damaged", bitmaps.size());
        return Error{ErrorCode::invalid_argument, message};
    }
    return bitmaps;
}

// What has the size of an image, and stands for it while tokens are counted.
mtmd::bitmap_ptr outline_of(const inference::MediaFacts& facts) {
    return mtmd::bitmap_ptr(mtmd_bitmap_init(facts.width, facts.height, nullptr));
}

std::vector<const mtmd_bitmap*> pointers_to(const std::vector<mtmd::bitmap_ptr>& bitmaps) {
    std::vector<const mtmd_bitmap*> out;
    for (const auto& bitmap : bitmaps)
        out.push_back(bitmap.get());
    return out;
}

// `ordinal`: among the chunks of one file, tiles or stretches of 30 seconds.
MediaChunk chunk_of(
    const mtmd_context* context,
    const std::shared_ptr<mtmd_input_chunks>& owner,
    const mtmd_input_chunk* input,
    std::size_t ordinal
) {
    const std::string name =
        fmt::format("{}:{}", mtmd_input_chunk_get_id(input), ordinal);  // the file's digest
    MediaChunk chunk;
    chunk.tokens = media_tokens(
        mtmd_input_chunk_get_n_tokens(input),
        mtmd_input_chunk_get_n_pos(input),
        sha256(bytes_of(name))
    );
    chunk.sees_ahead = mtmd_decode_use_non_causal(context, input);
    chunk.input = std::shared_ptr<const mtmd_input_chunk>(owner, input);
    return chunk;
}

MediaPrompt prompt_of(
    const mtmd_context* context, const std::shared_ptr<mtmd_input_chunks>& chunks
) {
    MediaPrompt prompt;
    std::map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < mtmd_input_chunks_size(chunks.get()); ++i) {
        const mtmd_input_chunk* input = mtmd_input_chunks_get(chunks.get(), i);
        if (mtmd_input_chunk_get_type(input) == MTMD_INPUT_CHUNK_TYPE_TEXT) {
            std::size_t count = 0;
            const llama_token* tokens = mtmd_input_chunk_get_tokens_text(input, &count);
            prompt.tokens.insert(prompt.tokens.end(), tokens, tokens + count);
            continue;
        }
        if (mtmd_input_chunk_get_n_tokens(input) == 0) continue;  // a moment of sound
        const std::size_t ordinal = seen[mtmd_input_chunk_get_id(input)]++;
        MediaChunk chunk = chunk_of(context, chunks, input, ordinal);
        prompt.tokens.insert(prompt.tokens.end(), chunk.tokens.begin(), chunk.tokens.end());
        prompt.chunks.push_back(std::move(chunk));
    }
    return prompt;
}

}  // namespace

void ProjectorDeleter::operator()(mtmd_context* context) const {
    mtmd_free(context);
}

Result<Projector> Projector::load(
    const inference::ModelSource& source,
    const Model& model,
    int context_length,
    const LogCapture& log
) {
    std::error_code missing;
    const auto bytes = std::filesystem::file_size(source.projector, missing);
    if (missing) {
        return Error{
            ErrorCode::not_found, "the file of the projector of " + source.name + " is missing"
        };
    }
    mtmd_context_params parameters = mtmd_context_params_default();
    parameters.use_gpu = model.uses_gpu();
    parameters.print_timings = false;
    parameters.n_threads = model.threads();
    // The buffers are made for the first image, which need not be the largest there can be.
    parameters.warmup = false;
    parameters.image_max_tokens = most_rows(source.projector, context_length);
    Projector made;
    made.context_.reset(mtmd_init_from_file(source.projector.c_str(), model.get(), parameters));
    if (made.context_ == nullptr) return cannot_load(source.name, log);
    made.row_width_ = static_cast<std::size_t>(llama_model_n_embd_inp(model.get()));
    made.bytes_ = static_cast<std::int64_t>(bytes);
    return made;
}

bool Projector::sees() const {
    return mtmd_support_vision(context_.get());
}

bool Projector::hears() const {
    return mtmd_support_audio(context_.get());
}

bool Projector::sees_ahead() const {
    return mtmd_decode_use_non_causal(context_.get(), nullptr);
}

Result<MediaPrompt> Projector::read(
    std::span<const PromptPart> parts, bool add_bos, std::size_t most_tokens
) const {
    std::vector<PromptPart> without_sound;
    std::vector<mtmd::bitmap_ptr> outlines;
    for (const PromptPart& part : parts) {
        if (part.media.empty()) {
            without_sound.push_back(part);
            continue;
        }
        TRY_ASSIGN(const inference::MediaFacts facts, inference::inspect_media(part.media));
        TRY(check_kind(facts));
        if (facts.kind == inference::MediaKind::sound) continue;
        outlines.push_back(outline_of(facts));
        without_sound.push_back(part);
    }
    TRY_ASSIGN(const auto counted, tokenize(without_sound, pointers_to(outlines), add_bos));
    if (mtmd_helper_get_n_tokens(counted.get()) > most_tokens)
        return Error{ErrorCode::too_large, "the images have more tokens than the context"};
    TRY_ASSIGN(const auto bitmaps, decode_all(context_.get(), parts));
    TRY_ASSIGN(const auto chunks, tokenize(parts, pointers_to(bitmaps), add_bos));
    return prompt_of(context_.get(), chunks);
}

Status Projector::check_kind(const inference::MediaFacts& facts) const {
    const bool is_image = facts.kind == inference::MediaKind::image;
    if (is_image ? sees() : hears()) return Ok{};
    const char* what = is_image ? "images" : "sound";
    return Error{ErrorCode::invalid_argument, fmt::format("this model does not take {}", what)};
}

Result<std::shared_ptr<mtmd_input_chunks>> Projector::tokenize(
    std::span<const PromptPart> parts, const Bitmaps& bitmaps, bool add_bos
) const {
    std::vector<mtmd_input_text> texts;
    std::vector<mtmd_input_part> inputs;
    texts.reserve(parts.size());  // the inputs point at them
    std::size_t next = 0;
    for (const PromptPart& part : parts) {
        if (part.media.empty()) {
            texts.push_back({part.text.data(), part.text.size(), false, true});
            inputs.push_back({&texts.back(), nullptr});
        } else {
            inputs.push_back({nullptr, bitmaps[next++]});
        }
    }
    std::vector<const mtmd_input_part*> pointers;
    for (const auto& input : inputs)
        pointers.push_back(&input);
    std::shared_ptr<mtmd_input_chunks> chunks(mtmd_input_chunks_init(), mtmd_input_chunks_free);
    const int code = mtmd_tokenize_from_parts(
        context_.get(), chunks.get(), pointers.data(), pointers.size(), add_bos
    );
    if (code == 0) return chunks;
    return Error{
        ErrorCode::invalid_argument,
        "an image or sound of the prompt cannot be prepared for this model"
    };
}

Status Projector::encode(MediaChunk& chunk) {
    if (mtmd_encode_chunk(context_.get(), chunk.input.get()) != 0) {
        return Error{ErrorCode::internal, "the model could not read an image or sound"};
    }
    const float* rows = mtmd_get_output_embd(context_.get());
    chunk.rows.assign(rows, rows + chunk.tokens.size() * row_width_);
    return Ok{};
}

int Projector::decode(
    llama_context* context,
    const MediaChunk& chunk,
    std::size_t begin,
    std::size_t count,
    llama_pos first,
    llama_seq_id sequence
) const {
    CHECK(count > 0 && begin + count <= chunk.tokens.size());
    CHECK(chunk.rows.size() == chunk.tokens.size() * row_width_);
    std::vector<llama_pos> positions = positions_of_rows(chunk, begin, count, first);
    std::vector<std::int32_t> sequence_counts(count, 1);
    std::vector<llama_seq_id*> sequences(count, &sequence);
    std::vector<std::int8_t> logits(count, 0);
    llama_batch batch{};
    batch.n_tokens = static_cast<std::int32_t>(count);
    batch.embd = const_cast<float*>(chunk.rows.data()) + begin * row_width_;  // it is only read
    batch.pos = positions.data();
    batch.n_seq_id = sequence_counts.data();
    batch.seq_id = sequences.data();
    batch.logits = logits.data();
    if (chunk.sees_ahead) llama_set_causal_attn(context, false);
    const int code = llama_decode(context, batch);
    if (chunk.sees_ahead) llama_set_causal_attn(context, true);
    return code;
}

// In the order of the batch: of all rows the first dimension, then the next.
std::vector<llama_pos> Projector::positions_of_rows(
    const MediaChunk& chunk, std::size_t begin, std::size_t count, llama_pos first
) const {
    const bool in_two_dimensions = mtmd_decode_use_mrope(context_.get());
    constexpr std::size_t kDimensions = 4;  // time, height, width, and one that is not used
    std::vector<llama_pos> out(in_two_dimensions ? kDimensions * count : count);
    const mtmd_image_tokens* image = mtmd_input_chunk_get_tokens_image(chunk.input.get());
    for (std::size_t i = 0; i < count; ++i) {
        const llama_pos plain = first + static_cast<llama_pos>(begin + i);
        out[i] = plain;
        if (!in_two_dimensions) continue;
        std::array<llama_pos, kDimensions> at{plain, plain, plain, plain};
        if (image != nullptr) {
            const auto given = mtmd_image_tokens_get_decoder_pos(image, first, begin + i);
            std::ranges::transform(
                std::array{given.t, given.y, given.x, given.z},
                at.begin(),
                [](std::uint32_t position) { return static_cast<llama_pos>(position); }
            );
        }
        for (std::size_t dimension = 0; dimension < kDimensions; ++dimension)
            out[dimension * count + i] = at[dimension];
    }
    return out;
}

}  // namespace moat::adapters::llama
