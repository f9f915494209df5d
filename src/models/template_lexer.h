#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Cuts a Go text/template into tokens. Trim markers ({{- and -}}) and comments are gone from the
// result: their effect is in the texts. Threads: any.
namespace moat::models::templates {

enum class TokenKind {
    text,        // between actions
    open,        // {{
    close,       // }}
    identifier,  // a function or a keyword
    field,       // .Name, without the dot
    variable,    // $name, with the dollar
    dot,         // .
    number,      // 12, 0x1f, 1.5, -3
    character,   // 'x'; text is the code point in decimal
    string,      // "..." or `...`, decoded
    left_paren,
    right_paren,
    pipe,
    declare,  // :=
    assign,   // =
    comma,
    end,
};

struct Token {
    TokenKind kind = TokenKind::end;
    std::string text{};
    int line = 1;
    bool after_space = false;  // within an action
};

// Ends with a token of kind end. Errors: invalid_argument, as Go words them:
// "template: :1: unclosed action".
Result<std::vector<Token>> lex_template(std::string_view text);

Error template_error(int line, std::string_view message);

}  // namespace moat::models::templates
