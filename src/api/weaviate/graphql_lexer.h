#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moat::api::weaviate {

struct GraphqlToken {
    enum class Kind { end, punctuation, name, integer, decimal, string };
    Kind kind = Kind::end;
    std::string text;  // of a string: what it stands for
    std::size_t line = 1;
};

// Tokens of a GraphQL document, one after the other; commas and comments are white space.
// Threads: one at a time. Borrows: the text. Errors: invalid_argument, with the line.
class GraphqlLexer {
  public:
    explicit GraphqlLexer(std::string_view text) : text_(text) {}

    Result<GraphqlToken> next();

  private:
    void skip_ignored();
    Error error(std::string_view what) const;
    Result<GraphqlToken> number();
    Result<GraphqlToken> quoted();
    Result<GraphqlToken> block();
    Status escape(std::string& out);
    bool hex4(std::uint32_t& out);

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

}  // namespace moat::api::weaviate
