#pragma once

#include <string_view>

namespace moat::adapters {

// Width, in thousandths of the font's size, of an ASCII character in the standard font that the
// name suggests (Courier, Times, else Helvetica). For fonts that bring no widths of their own.
int standard_width(std::string_view font_name, unsigned char code);

}  // namespace moat::adapters
