#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

namespace moat::adapters {

// Glyph index -> character by the Unicode "cmap" of a TrueType or OpenType font program; empty
// when it has none. For fonts that a PDF uses by glyph index without saying what glyphs mean.
std::unordered_map<unsigned, char32_t> characters_of_glyphs(std::string_view font);

}  // namespace moat::adapters
