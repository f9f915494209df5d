#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "index/row_set.h"

namespace moat::index {

// That a term stands in a row: how often, and how many terms the row's text has.
struct Posting {
    Row row = 0;
    std::uint32_t frequency = 1;  // at least 1
    std::uint32_t length = 1;     // at least 1

    bool operator==(const Posting&) const = default;
};

constexpr std::size_t kPostingsPerBlock = 128;

// Appends the postings of one term, which are in rising order of rows, none below `base`.
// Format: docs/formats/collections.md, "posting list".
void encode_postings(std::span<const Posting> postings, Row base, std::string& out);

// The rows, and for scoring also the rest, of one block.
struct PostingBlock {
    std::size_t count = 0;
    std::array<Row, kPostingsPerBlock> rows{};
    std::array<std::uint32_t, kPostingsPerBlock> frequencies{};
    std::array<std::uint32_t, kPostingsPerBlock> lengths{};
};

// Reads an encoded list. A block says which rows it spans and how large its frequencies and how
// small its lengths may be, so that a search can pass over it unread.
//
// Borrows: the bytes. Errors: corrupt.
class PostingList {
  public:
    struct BlockInfo {
        Row last = 0;
        std::uint32_t max_frequency = 0;
        std::uint32_t min_length = 0;
        std::uint32_t offset = 0;
        std::uint32_t bytes = 0;
    };

    static Result<PostingList> open(std::string_view bytes, Row base);
    // How many postings an encoded list has, without opening it.
    static std::uint32_t count_of(std::string_view bytes);

    std::uint32_t count() const { return count_; }
    std::span<const BlockInfo> blocks() const { return blocks_; }
    // The first block whose last row is not below `row`, at or after `from`; blocks().size(): none.
    std::size_t block_for(Row row, std::size_t from) const;

    // False when the bytes do not hold together.
    bool read_rows(std::size_t block, PostingBlock& out) const;
    // The frequencies and lengths only.
    bool read_counts(std::size_t block, PostingBlock& out) const;
    bool read(std::size_t block, PostingBlock& out) const {
        return read_rows(block, out) && read_counts(block, out);
    }
    Result<std::vector<Posting>> read_all() const;
    // The posting of one row; nothing when the term does not stand there.
    Result<std::optional<Posting>> find(Row row) const;
    Status add_rows_to(RowSet& rows) const;

  private:
    struct Layout;
    bool layout_of(std::size_t block, Layout& out) const;

    std::string_view data_;
    Row base_ = 0;
    std::uint32_t count_ = 0;
    std::vector<BlockInfo> blocks_;
};

}  // namespace moat::index
