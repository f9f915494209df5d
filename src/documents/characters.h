#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Characters of well-formed UTF-8 and how they join into running text. Ill-formed input is safe
// (U+FFFD, one byte at a time). Threads: any (pure functions).
namespace moat::documents {

inline constexpr char32_t kReplacement = 0xFFFD;

// The character at `at`, which must be below text.size(); moves `at` behind it.
char32_t next_character(std::string_view text, std::size_t& at);
// The character that ends at `end` (> 0).
char32_t previous_character(std::string_view text, std::size_t end);
// A surrogate or a value beyond U+10FFFF becomes U+FFFD.
void append_character(std::string& out, char32_t c);

// White space of any script, tabs and line ends included.
bool is_space(char32_t c);
// Han, kana, bopomofo, hangul, and their full-width punctuation: written without spaces between.
bool is_cjk(char32_t c);
// A letter of a script written from right to left.
bool is_right_to_left(char32_t c);
// Belongs to the character before it: a combining mark, a joiner, a variation selector.
bool extends_character(char32_t c);
// Never seen by a reader: controls other than tab and newline, byte order marks, soft hyphens.
bool is_invisible(char32_t c);

std::string_view trim(std::string_view text);
// ASCII letters only.
std::string lower_ascii(std::string_view text);

// Size in weighted characters (see ChunkOptions): CJK counts 2.5, any other 1.
std::size_t weighted_size(std::string_view text);
// Columns in a fixed-width font: CJK counts 2, any other 1.
std::size_t display_width(std::string_view text);

// How a block's text is stored: well-formed, no invisible characters, every line trimmed, runs of
// blanks one space, no empty line at either end and never two in a row.
std::string clean_text(std::string_view text);
// The same for code: blanks inside and before lines stay.
std::string clean_code(std::string_view text);

// Appends the next line of a paragraph: no space between two CJK characters, and a word divided
// by a hyphen at the line's end grows together.
void join_line(std::string& text, std::string_view line);

}  // namespace moat::documents
