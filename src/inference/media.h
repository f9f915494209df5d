#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Images and sound of a request: what they are, whether they may be decoded, and where they stand
// in a prompt.
//
// A file says itself what it is; its name and declared type count for nothing. What a few bytes
// would unpack to is read from its header before anything unpacks it.
// Threads: any; pure functions. Errors: invalid_argument, with the cause and the remedy.
namespace moat::inference {

enum class MediaKind { image, sound };

struct MediaFacts {
    MediaKind kind = MediaKind::image;
    std::string_view format;   // "PNG", "JPEG", "WebP", "WAV", "MP3", "FLAC"
    std::uint32_t width = 0;   // of an image, pixels
    std::uint32_t height = 0;  // of an image, pixels
    double seconds = 0;        // of sound
};

// Of one request.
inline constexpr std::size_t kMostMedia = 64;
inline constexpr std::uint64_t kMostPixels = 50'000'000;           // of one image
inline constexpr std::uint64_t kMostPixelsTogether = 100'000'000;  // 300 MB decoded
inline constexpr double kMostSeconds = 1800;                       // of all sounds together

// `file`: a whole one. Cost: a header's, for MP3 a walk over its frames.
Result<MediaFacts> inspect_media(std::string_view file);

// All of one request.
Result<std::vector<MediaFacts>> inspect_all(const std::vector<std::string>& files);

// What stands in a prompt for image or sound `index`. `nonce`: drawn for each request, so that no
// text of a user can be taken for a mark.
std::string media_mark(std::string_view nonce, std::size_t index);
// How many marks `text` has.
std::size_t count_marks(std::string_view text, std::string_view nonce);
// With the marks as Ollama shows them: [img-0].
std::string with_shown_marks(std::string text, std::string_view nonce);

// A prompt's text, taken apart at its marks.
struct MarkedPiece {
    std::string_view text;  // empty for a mark
    std::size_t index = 0;  // of the image or sound, for a mark
    bool is_mark = false;
};
// Marks of an index at or over `count` are text.
std::vector<MarkedPiece> split_at_marks(
    std::string_view text, std::string_view nonce, std::size_t count
);

}  // namespace moat::inference
