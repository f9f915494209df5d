#include "knowledge/script.h"

#include <cstddef>
#include <cstdint>

namespace moat::knowledge {
namespace {

// The code point at `at`, of well-formed UTF-8, and its length.
struct Decoded {
    std::uint32_t code;
    std::size_t length;
};

Decoded decode(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i]));
    };
    const std::uint32_t head = byte(0);
    const std::size_t left = text.size() - at;
    if (head < 0x80) return {head, 1};
    if (head < 0xE0 && left >= 2) return {((head & 0x1F) << 6) | (byte(1) & 0x3F), 2};
    if (head < 0xF0 && left >= 3)
        return {((head & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F), 3};
    if (left >= 4)
        return {
            ((head & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) |
                (byte(3) & 0x3F),
            4
        };
    return {0xFFFD, left};
}

bool is_cjk(std::uint32_t code) {
    return (code >= 0x3040 && code <= 0x30FF) ||  // kana
           (code >= 0x3400 && code <= 0x9FFF) ||  // Han
           (code >= 0xAC00 && code <= 0xD7AF) ||  // hangul
           (code >= 0xF900 && code <= 0xFAFF) || (code >= 0x20000 && code <= 0x3FFFF);
}

bool is_other_letter(std::uint32_t code) {
    const std::uint32_t lower = code | 0x20;
    return (lower >= 'a' && lower <= 'z') || (code >= 0xC0 && code < 0x2000);
}

}  // namespace

bool is_mostly_cjk(std::string_view text) {
    std::size_t cjk = 0;
    std::size_t others = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Decoded decoded = decode(text, at);
        at += decoded.length;
        if (is_cjk(decoded.code)) cjk += 2;
        if (is_other_letter(decoded.code)) others += 1;
    }
    return cjk > others;
}

}  // namespace moat::knowledge
