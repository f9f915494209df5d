#include "inference/grammar_bytes.h"

#include <algorithm>

namespace moat::inference {
namespace {

constexpr std::uint32_t kLastCodePoint = 0x10FFFF;
constexpr CodePoints kSurrogates{0xD800, 0xDFFF};

std::size_t encode(std::uint32_t c, std::array<std::uint8_t, 4>& out) {
    const auto tail = [c](int shift) {
        return static_cast<std::uint8_t>(0x80 | ((c >> shift) & 0x3F));
    };
    if (c < 0x80) {
        out = {static_cast<std::uint8_t>(c)};
        return 1;
    }
    if (c < 0x800) {
        out = {static_cast<std::uint8_t>(0xC0 | (c >> 6)), tail(0)};
        return 2;
    }
    if (c < 0x10000) {
        out = {static_cast<std::uint8_t>(0xE0 | (c >> 12)), tail(6), tail(0)};
        return 3;
    }
    out = {static_cast<std::uint8_t>(0xF0 | (c >> 18)), tail(12), tail(6), tail(0)};
    return 4;
}

// Both ends have forms of one length. Split until each byte ranges independently of the others.
void append_split(CodePoints range, std::vector<ByteSequence>& out) {
    for (int shift = 6; shift <= 18; shift += 6) {
        const std::uint32_t low = (1U << shift) - 1;
        if ((range.first & ~low) == (range.last & ~low)) continue;
        if ((range.first & low) != 0) {
            append_split({range.first, range.first | low}, out);
            append_split({(range.first | low) + 1, range.last}, out);
            return;
        }
        if ((range.last & low) != low) {
            append_split({range.first, (range.last & ~low) - 1}, out);
            append_split({range.last & ~low, range.last}, out);
            return;
        }
    }
    std::array<std::uint8_t, 4> first{};
    std::array<std::uint8_t, 4> last{};
    ByteSequence sequence;
    sequence.length = encode(range.first, first);
    encode(range.last, last);
    for (std::size_t i = 0; i < sequence.length; ++i)
        sequence.bytes[i] = {first[i], last[i]};
    out.push_back(sequence);
}

}  // namespace

std::vector<CodePoints> all_but(std::vector<CodePoints> ranges) {
    std::ranges::sort(ranges, {}, &CodePoints::first);
    std::vector<CodePoints> out;
    std::uint32_t next = 1;
    for (const CodePoints& range : ranges) {
        if (range.first > next) out.push_back({next, range.first - 1});
        next = std::max(next, range.last + 1);
    }
    if (next <= kLastCodePoint) out.push_back({next, kLastCodePoint});
    return out;
}

void append_sequences(CodePoints range, std::vector<ByteSequence>& out) {
    constexpr std::uint32_t kEnds[] = {
        0x7F, 0x7FF, kSurrogates.first - 1, kSurrogates.last, 0xFFFF, kLastCodePoint
    };
    std::uint32_t first = range.first;
    for (const std::uint32_t end : kEnds) {
        if (first > range.last) return;
        if (first > end) continue;
        const std::uint32_t last = std::min(range.last, end);
        if (end != kSurrogates.last) append_split({first, last}, out);
        first = last + 1;
    }
}

}  // namespace moat::inference
