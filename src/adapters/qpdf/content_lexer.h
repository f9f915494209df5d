#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moat::adapters {

// One operand or operator of a content stream (ISO 32000-1, 7.8.2).
struct ContentToken {
    enum class Kind { number, name, string, array_begin, array_end, dictionary, keyword, end };

    Kind kind = Kind::end;
    double number = 0;
    std::string text;  // of a name (without the slash), string (its bytes), keyword; of a
                       // dictionary its source
};

// Cuts a content stream into tokens; broken input gives what can be made of it, never an error.
// Inline images are skipped. Threads: one at a time. Borrows: the bytes. Cost: linear.
class ContentLexer {
  public:
    explicit ContentLexer(std::string_view bytes) : bytes_(bytes) {}

    // Reuses the token's memory. False at the end.
    bool next(ContentToken& token);

  private:
    void skip_white();
    void read_number_or_keyword(ContentToken& token);
    void read_name(ContentToken& token);
    void read_literal(ContentToken& token);
    void read_escape(std::string& out);
    void read_hex(ContentToken& token);
    void read_dictionary(ContentToken& token);
    void skip_inline_image();

    std::string_view bytes_;
    std::size_t at_ = 0;
};

// The value of a key in a dictionary's source, e.g. of "/ActualText" or "/MCID"; an end token when
// absent. Looks at the outermost level only.
ContentToken dictionary_value(std::string_view dictionary, std::string_view key);

}  // namespace moat::adapters
