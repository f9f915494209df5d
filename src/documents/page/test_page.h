#pragma once

#include <string>
#include <string_view>

#include "documents/characters.h"
#include "documents/page/glyph.h"

namespace moat::documents {

// Puts text on a page for tests, in a font whose Latin characters are half as wide as high.
class TestPage {
  public:
    TestPage() {
        page.number = 1;
        page.width = 600;
        page.height = 800;
    }

    TestPage& bold(bool on) {
        bold_ = on;
        return *this;
    }

    // From left to right with its baseline at y.
    void text(float x, float y, std::string_view line, float size = 10) {
        for (std::size_t at = 0; at < line.size();) {
            const std::size_t begin = at;
            const char32_t c = next_character(line, at);
            Glyph glyph;
            glyph.text = line.substr(begin, at - begin);
            glyph.x = x;
            glyph.y = y;
            glyph.size = size;
            glyph.advance = is_cjk(c) ? size : size / 2;
            glyph.bold = bold_;
            x += glyph.advance;
            page.glyphs.push_back(std::move(glyph));
        }
    }
    // Downwards, as in vertical writing.
    void column(float x, float y, std::string_view line, float size = 10) {
        for (std::size_t at = 0; at < line.size();) {
            const std::size_t begin = at;
            next_character(line, at);
            Glyph glyph;
            glyph.text = line.substr(begin, at - begin);
            glyph.x = x;
            glyph.y = y;
            glyph.size = size;
            glyph.advance = size;
            glyph.direction = 90;
            glyph.upright = true;
            y += size;
            page.glyphs.push_back(std::move(glyph));
        }
    }
    void rule(float x0, float y0, float x1, float y1) { page.rules.push_back({x0, y0, x1, y1}); }

    PageGlyphs page;

  private:
    bool bold_ = false;
};

}  // namespace moat::documents
