#pragma once

#include <array>
#include <string>
#include <string_view>

namespace moat::adapters {

// Unicode of each code of a simple font; empty where a code has none.
using SimpleEncoding = std::array<std::string, 256>;

// The encodings of ISO 32000-1, annex D, by name ("WinAnsiEncoding", "MacRomanEncoding",
// "StandardEncoding"); the standard one for any other name.
SimpleEncoding named_encoding(std::string_view name);
// Those built into the fonts of these names.
SimpleEncoding symbol_encoding();
SimpleEncoding dingbats_encoding();

// What a glyph's name stands for, by the rules of the Adobe Glyph List: names of Latin, Greek and
// common signs, letters with accents, "uni4E2D", "u1F600", parts joined by "_", variants behind
// ".". Empty for names that say nothing ("g42").
std::string glyph_text(std::string_view name);

}  // namespace moat::adapters
