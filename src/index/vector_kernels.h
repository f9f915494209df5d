#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// The inner loops of vector search, for the processor at hand. Which set is chosen at run time.
// Threads: any; nothing here keeps state. The sets differ in the last bits of float sums only.
namespace moat::index {

struct VectorKernels {
    std::string_view name;

    float (*dot)(const float* a, const float* b, std::size_t n);
    float (*l2_squared)(const float* a, const float* b, std::size_t n);
    // Sum of |a[i] - b[i]|.
    float (*manhattan)(const float* a, const float* b, std::size_t n);
    // How many a[i] != b[i].
    std::size_t (*hamming)(const float* a, const float* b, std::size_t n);
    // Walsh-Hadamard transform in place, not scaled. n: a power of two, at least 16.
    void (*hadamard)(float* values, std::size_t n);

    // On byte codes; n is a multiple of 64.
    std::int32_t (*dot_bytes)(const std::uint8_t* a, const std::int8_t* b, std::size_t n);
    // Of codes of four bits: of each 64 values, 32 bytes hold the first 32 values in their low and
    // the others in their high halves, as numbers from 0 to 15.
    std::int32_t (*dot_nibbles)(const std::uint8_t* nibbles, const std::int8_t* b, std::size_t n);
    std::uint32_t (*manhattan_bytes)(const std::uint8_t* a, const std::uint8_t* b, std::size_t n);
    std::uint32_t (*hamming_bytes)(const std::uint8_t* a, const std::uint8_t* b, std::size_t n);

    // For each of `count` codes of `words` words: the sum over p of 2^p * (bits that it shares with
    // plane p). Four planes of `words` words each stand one behind the other. count: at most 256
    // or so, for what is read is expected to be near.
    void (*masked_sums)(
        const std::uint64_t* const* codes,
        std::size_t count,
        const std::uint64_t* planes,
        std::size_t words,
        std::uint32_t* out
    );
    std::size_t (*count_bits)(const std::uint64_t* words, std::size_t n);
    // How many of the falling `scores` are at least `score`: where it belongs behind its equals.
    std::size_t (*rank)(const float* scores, std::size_t n, float score);
};

// The fastest set this processor can run.
const VectorKernels& vector_kernels();
// All that it can run, the first being plain C++ to check the others against.
std::span<const VectorKernels* const> all_vector_kernels();

}  // namespace moat::index
