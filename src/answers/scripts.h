#pragma once

#include <cstddef>
#include <string_view>

namespace moat::answers {

// One character of UTF-8 text.
struct Character {
    std::size_t bytes = 1;
    bool cjk = false;   // Chinese, kana, hangul: words without spaces
    bool word = false;  // otherwise a letter or digit
};
// An ill-formed byte is a character of its own, neither of the two.
Character character_at(std::string_view text, std::size_t at);

enum class Language { english, chinese };
// What to answer in: Chinese when the question holds more Chinese than other letters.
Language language_of(std::string_view question);

// A generous guess at the tokens of a text, for budgets: no tokenizer needs more on ordinary prose.
std::size_t estimate_tokens(std::string_view text);

}  // namespace moat::answers
