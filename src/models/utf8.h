#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Code points to UTF-8 and back. Threads: any.
namespace moat::models {

// A Unicode scalar value: no surrogate, not beyond U+10FFFF.
bool is_code_point(std::uint32_t c);
// What is not a code point is written as U+FFFD.
void append_utf8(std::string& out, std::uint32_t c);
// Ill-formed bytes become U+FFFD.
std::u32string decode_utf8(std::string_view text);

}  // namespace moat::models
