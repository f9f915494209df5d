#pragma once

#include <string_view>

#include "base/result.h"

// How long a sound file plays, from its headers, before anything decodes it.
// Threads: any; pure functions. Errors: invalid_argument (damaged, or of a kind that is not read).
namespace moat::inference {

bool is_wav(std::string_view file);
bool is_flac(std::string_view file);
bool is_mp3(std::string_view file);

// RIFF with samples that are not compressed, at least 1000 a second.
Result<double> wav_seconds(std::string_view file);
// STREAMINFO's count of samples, by which decoders go too.
Result<double> flac_seconds(std::string_view file);
// Its frames, one after the other (MPEG 1, 2 and 2.5, layers I to III). Cost: linear in the file.
Result<double> mp3_seconds(std::string_view file);

}  // namespace moat::inference
