#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "inference/model_runtime.h"

// POST /v1/audio/transcriptions: a form with a sound, which a model that hears is asked to write
// down. Threads: any; pure.
namespace moat::api::openai {

inline constexpr std::size_t kMaxSoundBytes = std::size_t{25} << 20;
// A form is a little larger than its file.
inline constexpr std::size_t kMaxTranscriptionBytes = kMaxSoundBytes + (std::size_t{64} << 10);

struct Transcription {
    inference::ChatRequest request;
    bool as_text = false;  // the bare text instead of {"text": ...}
};

// Parts: file, model, and if wanted response_format (json or text), language, prompt, temperature.
// Errors: invalid_argument, too_large.
Result<Transcription> read_transcription(std::string_view content_type, std::string_view body);

}  // namespace moat::api::openai
