#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moat::documents {

// Rows of a CSV text (RFC 4180), one after the other. A quote inside an unquoted cell is an
// ordinary character. A quoted cell that is never closed is read as if its line had no quotes,
// and so is the rest of the text: one slip must not swallow the file.
//
// Threads: one at a time. Borrows: the text. Cost: linear.
class CsvRows {
  public:
    CsvRows(std::string_view text, char separator) : text_(text), separator_(separator) {}

    // The next row; rows without any character are left out. Nothing at the end.
    std::optional<std::vector<std::string>> next();
    // Line (from 1) of the quoted cell that is never closed; 0: there is none so far.
    std::size_t unclosed_quote_line() const { return unclosed_line_; }

  private:
    std::string quoted_cell();
    std::string plain_cell();

    std::string_view text_;
    char separator_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    bool quotes_ = true;
    std::size_t unclosed_line_ = 0;
};

// The separator that cuts the first rows most evenly; a comma when none does.
char find_separator(std::string_view text);

}  // namespace moat::documents
