#include "models/utf8.h"

#include "base/bytes.h"

namespace moat::models {

bool is_code_point(std::uint32_t c) {
    return c <= 0x10FFFF && (c < 0xD800 || c >= 0xE000);
}

void append_utf8(std::string& out, std::uint32_t c) {
    if (!is_code_point(c)) c = 0xFFFD;
    const auto tail = [&out, c](int shift) {
        out += static_cast<char>(0x80 | ((c >> shift) & 0x3F));
    };
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | (c >> 6));
        tail(0);
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | (c >> 12));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0 | (c >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

std::u32string decode_utf8(std::string_view text) {
    const std::string valid = to_valid_utf8(text);
    std::u32string out;
    for (std::size_t i = 0; i < valid.size();) {
        const auto lead = static_cast<unsigned char>(valid[i]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        std::uint32_t c = length == 1 ? lead : lead & (0xFFU >> (length + 1));
        for (std::size_t k = 1; k < length; ++k)
            c = c << 6 | (static_cast<unsigned char>(valid[i + k]) & 0x3FU);
        out += static_cast<char32_t>(c);
        i += length;
    }
    return out;
}

}  // namespace moat::models
