#pragma once

#include <array>
#include <cstdint>
#include <vector>

// Sets of characters, and the byte sequences of their UTF-8 forms. Threads: any.
namespace moat::inference {

struct CodePoints {
    std::uint32_t first = 0;
    std::uint32_t last = 0;  // included
};

// Every character but NUL that is not in `ranges`.
std::vector<CodePoints> all_but(std::vector<CodePoints> ranges);

// One to four ranges of bytes, one after the other.
struct ByteSequence {
    struct Range {
        std::uint8_t first = 0;
        std::uint8_t last = 0;
    };
    std::array<Range, 4> bytes{};
    std::size_t length = 0;
};
// Sequences that together match the UTF-8 forms of `range` and nothing else; surrogates have none.
void append_sequences(CodePoints range, std::vector<ByteSequence>& out);

}  // namespace moat::inference
