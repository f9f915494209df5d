#pragma once

#include <string>

#include "adapters/qpdf/text_interpreter.h"
#include "documents/page/glyph.h"

namespace moat::adapters {

struct ReadPage {
    documents::PageGlyphs glyphs;
    std::size_t undecodable = 0;  // characters that no one can name
};

// The glyphs and rules of one page as shown (cropped and turned), filled-in form fields included.
// Throws UnpackedTooMuch, and what PdfObject throws.
ReadPage read_page(const PdfObject& page, int number, FontLibrary& fonts, PdfFile& file);

}  // namespace moat::adapters
