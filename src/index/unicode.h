#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What text analysis asks of Unicode, by ICU. Ill-formed UTF-8 reads as U+FFFD.
// Threads: any; nothing here keeps state.
namespace moat::index {

enum class CharacterClass {
    other,      // separates words
    word,       // a letter, digit or mark of a script that parts its words by itself
    ideograph,  // a Chinese character
    syllable,   // kana: written without spaces, but in no Chinese dictionary
};

CharacterClass class_of(char32_t character);

// Reads the character at `position` and moves past it. REQUIRES: position < text.size().
char32_t next_character(std::string_view text, std::size_t& position);
void append_character(std::string& out, char32_t character);

// NFKC with case folded: "Ｆｕｌｌ" and "full" become equal, as do "ﬁ" and "fi".
std::string fold(std::string_view text);

// Only the case folded ("lowercase" of other databases), forms kept.
std::string lower(std::string_view text);

bool is_white_space(char32_t character);

}  // namespace moat::index
