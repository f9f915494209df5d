#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// How much room text takes on a terminal. Threads: any; nothing here keeps state.
namespace moat::cli {

// Columns of one character: 2 for East Asian wide ones and emoji, 0 for marks that stand on the
// one before them.
std::size_t columns_of(char32_t c);

// Columns a terminal gives `text`.
std::size_t display_width(std::string_view text);

// Bytes of the UTF-8 character that begins with `lead`; 1 for a byte that begins none.
std::size_t character_bytes(char lead);

// The character at the front of `text`, which is not empty. Ill-formed bytes give U+FFFD.
char32_t first_character(std::string_view text);

// `text` itself when it fits, else as much of its front as leaves room for "…".
std::string fit(std::string_view text, std::size_t columns);

// The terminal's width: of standard output, else of standard error, else 80.
std::size_t terminal_columns();

}  // namespace moat::cli
