#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

// A grammar in llama.cpp's notation (GBNF), made ready to be matched byte by byte: characters and
// classes of them become the byte sequences of their UTF-8 forms, so that a token which ends within
// a character is no special case.
//
// Read are rules, alternatives, groups, "literals", [classes], [^classes], the dot, rule names,
// * + ? {n} {n,} {n,m} and # comments. Tokens by name or number (<...>) are not: their text is.
// Threads: any (not changed after parsing). Cost: linear in the text and in what its repetitions
//          write out, both bounded.
// Errors:  invalid_argument, "failed to parse grammar: <cause> in line <n>": also for a rule that
//          begins with itself, or that is used and never defined.
namespace moat::inference {

class Grammar {
  public:
    using ByteSet = std::bitset<256>;

    // One step of an alternative: a byte of a set, a rule, or its end.
    struct Symbol {
        enum class Kind : std::uint8_t { end, bytes, rule };
        Kind kind = Kind::end;
        std::uint32_t index = 0;  // of a set or of a rule
    };

    // `root`: the rule a text begins with.
    static Result<Grammar> parse(std::string_view gbnf, std::string_view root = "root");

    const Symbol& symbol(std::uint32_t position) const { return symbols_[position]; }
    const ByteSet& bytes(std::uint32_t set) const { return sets_[set]; }
    // Where its alternatives begin.
    const std::vector<std::uint32_t>& alternatives(std::uint32_t rule) const {
        return rules_[rule];
    }
    std::uint32_t root() const { return root_; }

  private:
    friend class GrammarParser;

    std::vector<Symbol> symbols_;
    std::vector<ByteSet> sets_;
    std::vector<std::vector<std::uint32_t>> rules_;
    std::uint32_t root_ = 0;
};

}  // namespace moat::inference
