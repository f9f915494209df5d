#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

namespace moat::adapters {

// Glyph index -> character by the Unicode "cmap" of a TrueType or OpenType font program, given by
// its bytes; empty when it has none. For fonts that a PDF uses by glyph index without saying what
// glyphs mean.
std::unordered_map<unsigned, char32_t> characters_of_glyphs(std::string_view bytes);

}  // namespace moat::adapters
