#include "adapters/qpdf/truetype_cmap.h"

#include <algorithm>
#include <cstdint>

namespace moat::adapters {
namespace {

using Map = std::unordered_map<unsigned, char32_t>;

// Big-endian reads; zero beyond the end.
class FontBytes {
  public:
    explicit FontBytes(std::string_view bytes) : bytes_(bytes) {}

    std::uint32_t u8(std::size_t at) const {
        return at < bytes_.size() ? static_cast<unsigned char>(bytes_[at]) : 0U;
    }
    std::uint32_t u16(std::size_t at) const { return u8(at) << 8U | u8(at + 1); }
    std::uint32_t u32(std::size_t at) const { return u16(at) << 16U | u16(at + 2); }
    std::size_t size() const { return bytes_.size(); }

  private:
    std::string_view bytes_;
};

// The first character wins: it is the ordinary one, later ones are compatibility forms.
void add(Map& map, unsigned glyph, char32_t c) {
    if (glyph != 0 && c != 0) map.try_emplace(glyph, c);
}

// Segments of the basic plane (OpenType, cmap format 4).
void read_format_4(const FontBytes& font, std::size_t at, Map& map) {
    const std::size_t segments = font.u16(at + 6) / 2;
    const std::size_t ends = at + 14;
    const std::size_t starts = ends + segments * 2 + 2;
    const std::size_t deltas = starts + segments * 2;
    const std::size_t offsets = deltas + segments * 2;
    for (std::size_t i = 0; i < segments; ++i) {
        const std::uint32_t first = font.u16(starts + i * 2);
        const std::uint32_t last = font.u16(ends + i * 2);
        const std::uint32_t delta = font.u16(deltas + i * 2);
        const std::uint32_t offset = font.u16(offsets + i * 2);
        if (offsets + i * 2 >= font.size()) return;
        for (std::uint32_t c = first; c <= last && c != 0xFFFF; ++c) {
            std::uint32_t glyph = c;
            if (offset != 0) {
                glyph = font.u16(offsets + i * 2 + offset + (c - first) * 2);
                if (glyph == 0) continue;
            }
            add(map, (glyph + delta) & 0xFFFFU, c);
        }
    }
}

// Groups of the whole range (format 12).
void read_format_12(const FontBytes& font, std::size_t at, Map& map) {
    const std::size_t groups = std::min<std::size_t>(font.u32(at + 12), font.size() / 12);
    for (std::size_t i = 0; i < groups; ++i) {
        const std::size_t group = at + 16 + i * 12;
        const std::uint32_t first = font.u32(group);
        const std::uint32_t last = std::min<std::uint32_t>(font.u32(group + 4), 0x10FFFF);
        const std::uint32_t glyph = font.u32(group + 8);
        for (std::uint32_t c = first; c <= last && c - first < 0x10000; ++c)
            add(map, glyph + (c - first), c);
    }
}

}  // namespace

Map characters_of_glyphs(std::string_view bytes) {
    Map map;
    const FontBytes font(bytes);
    const std::size_t tables = font.u16(4);
    for (std::size_t i = 0; i < tables && i < 100; ++i) {
        const std::size_t entry = 12 + i * 16;
        if (font.u32(entry) != 0x636D6170) continue;  // "cmap"
        const std::size_t cmap = font.u32(entry + 8);
        const std::size_t subtables = font.u16(cmap + 2);
        for (std::size_t j = 0; j < subtables && j < 20; ++j) {
            const std::uint32_t platform = font.u16(cmap + 4 + j * 8);
            const std::uint32_t encoding = font.u16(cmap + 6 + j * 8);
            const std::size_t at = cmap + font.u32(cmap + 8 + j * 8);
            const bool unicode =
                platform == 0 || (platform == 3 && (encoding == 1 || encoding == 10));
            if (!unicode) continue;
            if (font.u16(at) == 4) read_format_4(font, at, map);
            if (font.u16(at) == 12) read_format_12(font, at, map);
        }
    }
    return map;
}

}  // namespace moat::adapters
