#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace moat::index {

// The number of an object inside its collection, given out in order of writing and never reused.
using Row = std::uint32_t;
constexpr Row kNoRow = 0xFFFFFFFF;

// A set of rows, one bit each. A million rows are 125 kB, which one pass reads in about 10 us:
// the filters of one machine need nothing cleverer (docs/decisions). Stored, runs of equal words
// are folded.
//
// Threads: const methods beside each other. Sets of different sizes mix; beyond the end is absent.
class RowSet {
  public:
    RowSet() = default;
    static RowSet range(Row begin, Row end);
    // Row i is bit i % 64 of word i / 64.
    static RowSet of_words(std::vector<std::uint64_t> words);

    void add(Row row) {
        const std::size_t word = row / 64;
        if (word >= words_.size()) words_.resize(word + 1);
        words_[word] |= std::uint64_t{1} << (row % 64);
    }
    void remove(Row row) {
        if (row / 64 < words_.size()) words_[row / 64] &= ~(std::uint64_t{1} << (row % 64));
    }
    void add_range(Row begin, Row end);
    bool contains(Row row) const {
        return row / 64 < words_.size() && ((words_[row / 64] >> (row % 64)) & 1) != 0;
    }

    RowSet& operator&=(const RowSet& other);
    RowSet& operator|=(const RowSet& other);
    RowSet& subtract(const RowSet& other);

    std::size_t count() const;
    std::size_t count(Row begin, Row end) const;
    bool empty() const;
    // Calls `visit(row)` in rising order for rows of [begin, end).
    template <class Visit>
    void for_each(Row begin, Row end, Visit visit) const;
    template <class Visit>
    void for_each(Visit visit) const {
        for_each(0, static_cast<Row>(words_.size() * 64), visit);
    }
    std::span<const std::uint64_t> words() const { return words_; }

    // Docs: docs/formats/collections.md. Errors of decode: corrupt.
    void encode(std::string& out) const;
    static Result<RowSet> decode(std::string_view bytes);

    bool operator==(const RowSet& other) const;

  private:
    // Bits of word `word` that lie in [begin, end).
    static std::uint64_t mask_of(std::size_t word, Row begin, Row end);

    std::vector<std::uint64_t> words_;
};

template <class Visit>
void RowSet::for_each(Row begin, Row end, Visit visit) const {
    const std::size_t last = std::min<std::size_t>(words_.size(), (std::size_t{end} + 63) / 64);
    for (std::size_t word = begin / 64; word < last; ++word) {
        std::uint64_t bits = words_[word] & mask_of(word, begin, end);
        while (bits != 0) {
            visit(static_cast<Row>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits))));
            bits &= bits - 1;
        }
    }
}

}  // namespace moat::index
