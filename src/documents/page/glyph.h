#pragma once

#include <string>
#include <vector>

#include "documents/document.h"

// What a page description gives: characters and ruled lines with their places. Lengths in points,
// origin at the top left corner of the page as shown, y downwards.
namespace moat::documents {

struct Glyph {
    std::string text;  // UTF-8; one character, or what a ligature stands for; " " for a blank
    float x = 0;       // where the glyph begins on its baseline
    float y = 0;
    float advance = 0;    // along the direction of writing
    float direction = 0;  // degrees clockwise from rightwards; 90 is downwards
    float size = 0;       // of the font, as shown
    bool bold = false;
    bool upright = false;  // of vertical writing: its middle, not its foot, is on the baseline
};

// A drawn straight line or a thin bar, horizontal or vertical.
struct Rule {
    float x0 = 0;
    float y0 = 0;
    float x1 = 0;
    float y1 = 0;
    bool horizontal() const { return x1 - x0 >= y1 - y0; }
};

struct PageGlyphs {
    int number = 0;  // from 1
    float width = 0;
    float height = 0;
    std::vector<Glyph> glyphs;  // in the order they were drawn
    std::vector<Rule> rules;
};

}  // namespace moat::documents
