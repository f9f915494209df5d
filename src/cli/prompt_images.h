#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

// Image and sound files named in a prompt, as dropping them on a terminal types them. Threads: any;
// blocks on the disk.
namespace moat::cli {

struct PromptImages {
    std::string text;                // the prompt without the paths
    json::Array images;              // and sounds, base64
    std::vector<std::string> names;  // the paths that were taken, in their order
};

// Takes out of `prompt` every path of a JPEG, PNG, WebP, WAV, MP3 or FLAC file that exists. A path
// begins with /, ./, ../, ~/ or file://, and ends with .jpg, .jpeg, .png, .webp, .wav, .mp3 or
// .flac; spaces in it are escaped with '\', or it stands in quotes. What is no such file stays
// text. Errors: invalid_argument for a file that is not what its name says; too_large (100 MB); io.
Result<PromptImages> take_images(std::string_view prompt);

// Does the prompt begin with the path of an image? Such a line is no slash command.
bool begins_with_image(std::string_view prompt);

}  // namespace moat::cli
