#include "index/posting_list.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "index/coding.h"

namespace moat::index {
namespace {

constexpr std::size_t kBlockHeader = 3;  // bits of a gap, of a frequency, of a length

unsigned bits_for(std::uint32_t value) {
    return static_cast<unsigned>(std::bit_width(value));
}

std::size_t packed_size(std::size_t count, unsigned bits) {
    return (count * bits + 7) / 8;
}

void pack(std::span<const std::uint32_t> values, unsigned bits, std::string& out) {
    const std::size_t start = out.size();
    out.resize(start + packed_size(values.size(), bits));
    std::uint64_t pending = 0;
    unsigned filled = 0;
    std::size_t at = start;
    for (const std::uint32_t value : values) {
        pending |= std::uint64_t{value} << filled;
        filled += bits;
        while (filled >= 8) {
            out[at++] = static_cast<char>(pending);
            pending >>= 8;
            filled -= 8;
        }
    }
    if (filled > 0) out[at] = static_cast<char>(pending);
}

// As many groups of eight values as can be read in whole words; returns how many values that are.
// Eight values are kBits bytes: every shift is known when this is compiled.
template <unsigned kBits>
std::size_t unpack_groups(std::string_view bytes, std::size_t count, std::uint32_t* out) {
    constexpr std::uint64_t kMask = (std::uint64_t{1} << kBits) - 1;
    const std::size_t readable = bytes.size() < 8 ? 0 : (bytes.size() - 8) / kBits;
    const std::size_t groups = std::min(count / 8, readable);
    const char* from = bytes.data();
    for (std::size_t group = 0; group < groups; ++group, from += kBits, out += 8) {
        for (unsigned i = 0; i < 8; ++i) {
            std::uint64_t window = 0;
            std::memcpy(&window, from + i * kBits / 8, 8);
            out[i] = static_cast<std::uint32_t>((window >> (i * kBits % 8)) & kMask);
        }
    }
    return groups * 8;
}

using UnpackGroups = std::size_t (*)(std::string_view, std::size_t, std::uint32_t*);

template <std::size_t... kIndexes>
constexpr std::array<UnpackGroups, 32> unpackers(std::index_sequence<kIndexes...>) {
    return {unpack_groups<static_cast<unsigned>(kIndexes) + 1>...};
}
constexpr auto kUnpackers = unpackers(std::make_index_sequence<32>());  // of one bit, of two ...

// `count` values of `bits` (at most 32) bits each from the front of `bytes`, which holds them all.
void unpack(std::string_view bytes, std::size_t count, unsigned bits, std::uint32_t* out) {
    if (bits == 0) {
        std::fill_n(out, count, 0U);
        return;
    }
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    const std::size_t done = kUnpackers[bits - 1](bytes, count, out);
    std::size_t bit = done * bits;
    for (std::size_t i = done; i < count; ++i, bit += bits) {
        std::uint64_t window = 0;
        const std::size_t byte = bit / 8;
        std::memcpy(&window, bytes.data() + byte, std::min<std::size_t>(8, bytes.size() - byte));
        out[i] = static_cast<std::uint32_t>((window >> (bit % 8)) & mask);
    }
}

void encode_block(std::span<const Posting> block, Row previous_end, std::string& out) {
    std::array<std::uint32_t, kPostingsPerBlock> gaps{};
    std::array<std::uint32_t, kPostingsPerBlock> frequencies{};
    std::array<std::uint32_t, kPostingsPerBlock> lengths{};
    std::uint32_t all_gaps = 0;
    std::uint32_t all_frequencies = 0;
    std::uint32_t all_lengths = 0;
    Row next = previous_end;
    for (std::size_t i = 0; i < block.size(); ++i) {
        gaps[i] = block[i].row - next;
        frequencies[i] = block[i].frequency - 1;
        lengths[i] = block[i].length;
        next = block[i].row + 1;
        all_gaps |= gaps[i];
        all_frequencies |= frequencies[i];
        all_lengths |= lengths[i];
    }
    const std::array widths{bits_for(all_gaps), bits_for(all_frequencies), bits_for(all_lengths)};
    for (const unsigned width : widths)
        out.push_back(static_cast<char>(width));
    pack(std::span(gaps).first(block.size()), widths[0], out);
    pack(std::span(frequencies).first(block.size()), widths[1], out);
    pack(std::span(lengths).first(block.size()), widths[2], out);
}

}  // namespace

void encode_postings(std::span<const Posting> postings, Row base, std::string& out) {
    put_varint(out, postings.size());
    std::string blocks;
    Row next = base;
    for (std::size_t start = 0; start < postings.size(); start += kPostingsPerBlock) {
        const auto block =
            postings.subspan(start, std::min(kPostingsPerBlock, postings.size() - start));
        CHECK(block.front().row >= next, "postings out of order");
        std::uint32_t max_frequency = 0;
        std::uint32_t min_length = 0xFFFFFFFF;
        for (const Posting& posting : block) {
            max_frequency = std::max(max_frequency, posting.frequency);
            min_length = std::min(min_length, posting.length);
        }
        const std::size_t before = blocks.size();
        encode_block(block, next, blocks);
        put_varint(out, block.back().row - next);
        put_varint(out, max_frequency);
        put_varint(out, min_length);
        put_varint(out, blocks.size() - before);
        next = block.back().row + 1;
    }
    out.append(blocks);
}

std::uint32_t PostingList::count_of(std::string_view bytes) {
    return Reader(bytes).varint32();
}

Result<PostingList> PostingList::open(std::string_view bytes, Row base) {
    const Error corrupt{ErrorCode::corrupt, "a stored posting list does not hold together"};
    Reader reader(bytes);
    PostingList list;
    list.base_ = base;
    list.count_ = reader.varint32();
    const std::size_t blocks = (list.count_ + kPostingsPerBlock - 1) / kPostingsPerBlock;
    // Every block takes at least four bytes of the directory.
    if (!reader.ok() || blocks > bytes.size() / 4) return corrupt;
    list.blocks_.resize(blocks);
    std::uint64_t next = base;
    std::uint64_t offset = 0;
    for (BlockInfo& block : list.blocks_) {
        next += reader.varint32();
        block.last = static_cast<Row>(next);
        block.max_frequency = reader.varint32();
        block.min_length = reader.varint32();
        block.offset = static_cast<std::uint32_t>(offset);
        block.bytes = reader.varint32();
        offset += block.bytes;
        if (next >= kNoRow) return corrupt;
        ++next;
    }
    list.data_ = reader.rest();
    if (!reader.ok() || offset != list.data_.size()) return corrupt;
    return list;
}

std::size_t PostingList::block_for(Row row, std::size_t from) const {
    // In steps that double: mostly it is one of the next.
    std::size_t low = std::min(from, blocks_.size());
    std::size_t step = 1;
    while (low + step <= blocks_.size() && blocks_[low + step - 1].last < row) {
        low += step;
        step *= 2;
    }
    const std::size_t high = std::min(low + step - 1, blocks_.size());
    const auto found = std::ranges::partition_point(
        std::span(blocks_).subspan(low, high - low),
        [row](const BlockInfo& block) { return block.last < row; }
    );
    return low + static_cast<std::size_t>(found - std::span(blocks_).subspan(low).begin());
}

struct PostingList::Layout {
    std::size_t count = 0;
    std::array<unsigned, 3> widths{};
    std::array<std::string_view, 3> parts{};
};

bool PostingList::layout_of(std::size_t block, Layout& out) const {
    const BlockInfo& info = blocks_[block];
    std::string_view bytes = data_.substr(info.offset, info.bytes);
    if (bytes.size() < kBlockHeader) return false;
    out.count = std::min<std::size_t>(count_ - block * kPostingsPerBlock, kPostingsPerBlock);
    for (std::size_t i = 0; i < 3; ++i) {
        out.widths[i] = static_cast<std::uint8_t>(bytes[i]);
        if (out.widths[i] > 32) return false;
    }
    bytes.remove_prefix(kBlockHeader);
    for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t size = packed_size(out.count, out.widths[i]);
        if (bytes.size() < size) return false;
        // The view runs to the block's end: unpack() may then read whole words further.
        out.parts[i] = bytes;
        bytes.remove_prefix(size);
    }
    return bytes.empty();
}

bool PostingList::read_rows(std::size_t block, PostingBlock& out) const {
    Layout layout;
    if (!layout_of(block, layout)) return false;
    out.count = layout.count;
    unpack(layout.parts[0], layout.count, layout.widths[0], out.rows.data());
    std::uint64_t next = block == 0 ? base_ : blocks_[block - 1].last + Row{1};
    for (std::size_t i = 0; i < layout.count; ++i) {
        next += out.rows[i];
        out.rows[i] = static_cast<Row>(next);
        ++next;
    }
    return next == std::uint64_t{blocks_[block].last} + 1;
}

bool PostingList::read_counts(std::size_t block, PostingBlock& out) const {
    Layout layout;
    if (!layout_of(block, layout)) return false;
    unpack(layout.parts[1], layout.count, layout.widths[1], out.frequencies.data());
    for (std::size_t i = 0; i < layout.count; ++i)
        ++out.frequencies[i];
    unpack(layout.parts[2], layout.count, layout.widths[2], out.lengths.data());
    return true;
}

Result<std::vector<Posting>> PostingList::read_all() const {
    std::vector<Posting> postings;
    postings.reserve(count_);
    PostingBlock block;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        if (!read(i, block)) {
            return Error{ErrorCode::corrupt, "a stored posting block does not hold together"};
        }
        for (std::size_t k = 0; k < block.count; ++k) {
            postings.push_back({block.rows[k], block.frequencies[k], block.lengths[k]});
        }
    }
    return postings;
}

Status PostingList::add_rows_to(RowSet& rows) const {
    PostingBlock block;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        if (!read_rows(i, block)) {
            return Error{ErrorCode::corrupt, "a stored posting block does not hold together"};
        }
        for (std::size_t k = 0; k < block.count; ++k)
            rows.add(block.rows[k]);
    }
    return Ok{};
}

Result<std::optional<Posting>> PostingList::find(Row row) const {
    const std::size_t at = block_for(row, 0);
    if (at == blocks_.size()) return std::optional<Posting>();
    PostingBlock block;
    if (!read(at, block)) {
        return Error{ErrorCode::corrupt, "a stored posting block does not hold together"};
    }
    for (std::size_t k = 0; k < block.count; ++k) {
        if (block.rows[k] != row) continue;
        return std::optional(Posting{row, block.frequencies[k], block.lengths[k]});
    }
    return std::optional<Posting>();
}

}  // namespace moat::index
