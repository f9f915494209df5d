#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moat::cli {

// Breaks text that comes in pieces into lines for a terminal: between words, and between Chinese
// characters, but never before closing or after opening punctuation, nor inside a character. All
// of a piece shows at once; a word that turns out not to fit is taken back and begun on the next
// line. Control characters are dropped: what a model writes must not steer the terminal.
//
// Threads: one at a time.
class WordWrap {
  public:
    // 0 columns: lines are left as they are.
    explicit WordWrap(std::size_t columns) : columns_(columns) {}

    // What to write to the terminal for `piece`.
    std::string feed(std::string_view piece);

  private:
    void add(char32_t c, std::string_view bytes, std::string& out);
    void add_space(char32_t c, std::string& out);
    void break_line(std::string& out);

    const std::size_t columns_;
    std::size_t column_ = 0;        // of the cursor
    std::string word_;              // since the last place where the line may be broken
    std::size_t word_columns_ = 0;  // of the above
    char32_t last_ = 0;             // character written
    std::string partial_;           // bytes of a character that is not whole yet
};

}  // namespace moat::cli
