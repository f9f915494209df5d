#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <llama.h>

#include "base/sha256.h"

// What stands for images and sound in the tokens of a context. An image is computed from rows of
// numbers, not from tokens, but it takes cells of the attention state as tokens do, and a prompt
// that begins with the same image may start from its state. So it is written as one number below
// zero for each of its rows, made of the digest of what it shows: equal images have equal numbers,
// and comparing contexts needs to know nothing of images. The first of the numbers says that it is
// the first, and how many positions the image takes, which models with positions in two dimensions
// (M-RoPE) make fewer than rows.
//
// Format:  -1 - v, v of 31 bits. Bit 30: the first row; then bits 16 to 29: positions, 0 when as
//          many as rows; the other 16 bits of the first row and 30 of each other: the digest.
// Threads: any; pure functions. Cost: linear in the tokens given.
namespace moat::adapters::llama {

// Below this the numbers hold too little of the digest (16 + 30 x 5 = 166 bits are enough) to tell
// images apart: states of such a prompt are not shared.
inline constexpr std::size_t kRowsToTellApart = 6;

// `positions` at most `rows`, which is at least 1.
std::vector<llama_token> media_tokens(std::size_t rows, llama_pos positions, const Sha256& digest);

inline bool is_media(llama_token token) {
    return token < 0;
}

// The longest beginning of at most `length` tokens that ends within no image.
std::size_t whole_beginning(std::span<const llama_token> tokens, std::size_t length);
// Where the image ends in which `length` is; `length` where it is in none.
std::size_t whole_end(std::span<const llama_token> tokens, std::size_t length);

// Positions which `tokens`, that end within no image, take: the position of what follows them.
llama_pos positions_of(std::span<const llama_token> tokens);

// The others.
std::vector<llama_token> without_media(std::span<const llama_token> tokens);

}  // namespace moat::adapters::llama
