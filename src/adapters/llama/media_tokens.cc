#include "adapters/llama/media_tokens.h"

#include <algorithm>
#include <cstdint>

#include "base/check.h"

namespace moat::adapters::llama {
namespace {

constexpr std::uint32_t kFirst = 1U << 30;
constexpr int kPositionsShift = 16;
constexpr std::uint32_t kMostPositions = (1U << 14) - 1;

llama_token token_of(std::uint32_t value) {
    return -1 - static_cast<llama_token>(value);
}

std::uint32_t value_of(llama_token token) {
    return static_cast<std::uint32_t>(-1 - token);
}

bool is_first(llama_token token) {
    return is_media(token) && (value_of(token) & kFirst) != 0;
}

// 32 bits of the digest, another piece for each row, from the beginning again after eight.
std::uint32_t piece_of(const Sha256& digest, std::size_t row) {
    const std::size_t at = row % (digest.bytes.size() / 4) * 4;
    std::uint32_t piece = 0;
    for (std::size_t i = 0; i < 4; ++i)
        piece = piece << 8 | std::to_integer<std::uint32_t>(digest.bytes[at + i]);
    return piece;
}

}  // namespace

std::vector<llama_token> media_tokens(std::size_t rows, llama_pos positions, const Sha256& digest) {
    CHECK(rows > 0 && positions > 0 && static_cast<std::size_t>(positions) <= rows);
    const bool as_many = static_cast<std::size_t>(positions) == rows;
    const std::uint32_t told = as_many ? 0 : static_cast<std::uint32_t>(positions);
    CHECK(told <= kMostPositions);
    std::vector<llama_token> tokens;
    tokens.reserve(rows);
    tokens.push_back(token_of(kFirst | told << kPositionsShift | (piece_of(digest, 0) & 0xFFFFU)));
    for (std::size_t row = 1; row < rows; ++row)
        tokens.push_back(token_of(piece_of(digest, row) & (kFirst - 1)));
    return tokens;
}

std::size_t whole_beginning(std::span<const llama_token> tokens, std::size_t length) {
    if (length >= tokens.size()) return tokens.size();
    while (length > 0 && is_media(tokens[length]) && !is_first(tokens[length]))
        --length;
    return length;
}

std::size_t whole_end(std::span<const llama_token> tokens, std::size_t length) {
    while (length < tokens.size() && is_media(tokens[length]) && !is_first(tokens[length]))
        ++length;
    return length;
}

llama_pos positions_of(std::span<const llama_token> tokens) {
    auto positions = static_cast<llama_pos>(tokens.size());
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        if (!is_first(tokens[at])) continue;
        const auto told = value_of(tokens[at]) >> kPositionsShift & kMostPositions;
        if (told == 0) continue;
        const std::size_t rows = whole_end(tokens, at + 1) - at;
        positions -= static_cast<llama_pos>(rows) - static_cast<llama_pos>(told);
    }
    return positions;
}

std::vector<llama_token> without_media(std::span<const llama_token> tokens) {
    std::vector<llama_token> out;
    std::ranges::remove_copy_if(tokens, std::back_inserter(out), is_media);
    return out;
}

}  // namespace moat::adapters::llama
