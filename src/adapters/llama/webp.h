#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"

// Images in WebP, by libwebp: llama.cpp's library has no decoder of its own for them.
// Threads: any; pure functions.
namespace moat::adapters::llama {

struct WebpDeleter {
    void operator()(std::uint8_t* pixels) const;
};

struct WebpPixels {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::unique_ptr<std::uint8_t, WebpDeleter> rgb;  // 3 x width x height, rows from the top
};

// By its first bytes.
bool is_webp(BytesView file);

// Transparency is dropped, as from PNG. Nothing: it is damaged, or a film. Its size is the
// caller's to check first (inference/media.h).
std::optional<WebpPixels> decode_webp(BytesView file);

}  // namespace moat::adapters::llama
