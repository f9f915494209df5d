#pragma once

#include <string>
#include <vector>

#include "documents/document.h"
#include "documents/page/glyph.h"

namespace moat::documents {

// A paragraph or a row of a table as it stands on a page, before the whole document says which
// paragraphs are headings and which only repeat on every page.
struct PageBlock {
    bool is_row = false;
    std::string text;                // of a paragraph
    std::vector<std::string> cells;  // of a row
    Box box;
    float size = 0;  // of the font
    bool bold = false;
    int lines = 1;
    bool runs_on = false;  // only its font sets it off from the text that follows in its line
};

// The blocks of a page in reading order: columns found, lines joined to paragraphs, tables to rows.
// Cost: about linear in the glyphs.
std::vector<PageBlock> find_blocks(const PageGlyphs& page);

}  // namespace moat::documents
