#pragma once

#include <string>
#include <vector>

#include "documents/page/glyph.h"

// Glyphs -> pieces of lines.
namespace moat::documents {

// An upright rectangle in the frame of one direction of writing: u runs along the lines, v from
// each line to the next.
struct Extent {
    float u0 = 0;
    float v0 = 0;
    float u1 = 0;
    float v1 = 0;

    float width() const { return u1 - u0; }
    float height() const { return v1 - v0; }
    float mid_u() const { return (u0 + u1) / 2; }
    float mid_v() const { return (v0 + v1) / 2; }
    void include(const Extent& other);
};

// Text without a gap wider than a word space allows: a line, or one column's part of it.
struct Piece {
    Extent extent;
    float baseline = 0;
    float size = 0;  // of most of its characters
    bool bold = false;
    std::string text;
    int table = -1;  // index of the ruled table that this place holder stands for
};

// The lines of a page that run in one direction.
struct PageFrame {
    float direction = 0;  // degrees, see Glyph
    std::vector<Piece> pieces;
    std::vector<Extent> rules;

    // Back to the page.
    Box box_of(const Extent& extent) const;
};

// Do they stand in one line?
bool same_line(const Piece& a, const Piece& b);

// Frames, the one with most text first. A frame's pieces are in no particular order.
std::vector<PageFrame> find_frames(const PageGlyphs& page);

// `piece` and what follows it in its line as one, a blank between them where the gap is a word's.
void append_piece(Piece& piece, const Piece& next);

}  // namespace moat::documents
