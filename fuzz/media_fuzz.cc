// Headers of images and sounds, before anything decodes them.
#include <cstdint>
#include <string_view>

#include "inference/media.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view file(reinterpret_cast<const char*>(data), size);
    const auto facts = moat::inference::inspect_media(file);
    if (!facts) return 0;
    // What was accepted is within the limits.
    const auto pixels = std::uint64_t{facts->width} * facts->height;
    if (pixels > moat::inference::kMostPixels || !(facts->seconds >= 0)) __builtin_trap();
    return 0;
}
