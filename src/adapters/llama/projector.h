#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "adapters/llama/log_capture.h"
#include "adapters/llama/model.h"
#include "base/result.h"
#include "inference/media.h"

struct mtmd_bitmap;
struct mtmd_context;
struct mtmd_input_chunk;
struct mtmd_input_chunks;

// The part of a model that sees or hears: llama.cpp's multimodal library with a projector file. It
// turns an image, or a stretch of sound, into rows which the text model reads in place of tokens.
namespace moat::adapters::llama {

struct ProjectorDeleter {
    void operator()(mtmd_context* context) const;
};

// What the text model reads in one piece: an image, a tile of a large one, or some seconds of
// sound. A value of one request.
struct MediaChunk {
    Tokens tokens;            // what stands for it in a context (media_tokens.h), one a row
    bool sees_ahead = false;  // its rows see each other: all must be computed in one batch
    std::shared_ptr<const mtmd_input_chunk> input;
    std::vector<float> rows;  // empty until it is encoded; row-major, tokens.size() rows
};

// Text or a whole file, of those that inference/media.h lets in.
struct PromptPart {
    std::string_view text;
    std::string_view media;  // not both
};

struct MediaPrompt {
    Tokens tokens;
    std::vector<MediaChunk> chunks;  // in their order
};

// Threads: read(), any; encode(), one at a time, beside read().
// Borrows: the model.
class Projector {
  public:
    // Errors: not_found, corrupt (llama.cpp's own words; also one that does not fit the model).
    static Result<Projector> load(
        const inference::ModelSource& source,
        const Model& model,
        int context_length,
        const LogCapture& log
    );

    bool sees() const;
    bool hears() const;
    // Whether rows of its images see each other.
    bool sees_ahead() const;
    std::int64_t bytes() const { return bytes_; }

    // Decodes and tokenizes. Special tokens in the text are parsed. Images are decoded only when
    // their sizes say that all of it has at most `most_tokens`.
    // Errors: invalid_argument (a file that is not let in or cannot be decoded; a picture for a
    //         projector that only hears, or the other way round), too_large (more tokens).
    Result<MediaPrompt> read(
        std::span<const PromptPart> parts, bool add_bos, std::size_t most_tokens
    ) const;

    // Fills its rows. Cost: the most of any prompt; seconds for a large image without a GPU, and
    // there is no way to end it early. Errors: internal.
    Status encode(MediaChunk& chunk);

    // Computes rows [begin, begin + count) of an encoded chunk that stands at position `first` of
    // `sequence`. Returns what llama_decode does. `context`: of the model.
    int decode(
        llama_context* context,
        const MediaChunk& chunk,
        std::size_t begin,
        std::size_t count,
        llama_pos first,
        llama_seq_id sequence
    ) const;

  private:
    Projector() = default;
    Status check_kind(const inference::MediaFacts& facts) const;
    using Bitmaps = std::vector<const mtmd_bitmap*>;  // one a file
    Result<std::shared_ptr<mtmd_input_chunks>> tokenize(
        std::span<const PromptPart> parts, const Bitmaps& bitmaps, bool add_bos
    ) const;
    std::vector<llama_pos> positions_of_rows(
        const MediaChunk& chunk, std::size_t begin, std::size_t count, llama_pos first
    ) const;

    std::unique_ptr<mtmd_context, ProjectorDeleter> context_;
    std::size_t row_width_ = 0;  // floats
    std::int64_t bytes_ = 0;
};

}  // namespace moat::adapters::llama
