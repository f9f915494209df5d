#include "adapters/llama/webp.h"

#include <webp/decode.h>

namespace moat::adapters::llama {

void WebpDeleter::operator()(std::uint8_t* pixels) const {
    WebPFree(pixels);
}

bool is_webp(BytesView file) {
    const std::string_view text = text_of(file);
    return text.starts_with("RIFF") && text.substr(0, 12).ends_with("WEBP");
}

std::optional<WebpPixels> decode_webp(BytesView file) {
    int width = 0;
    int height = 0;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.data());
    WebpPixels pixels;
    pixels.rgb.reset(WebPDecodeRGB(bytes, file.size(), &width, &height));
    if (pixels.rgb == nullptr) return std::nullopt;
    pixels.width = static_cast<std::uint32_t>(width);
    pixels.height = static_cast<std::uint32_t>(height);
    return pixels;
}

}  // namespace moat::adapters::llama
