#pragma once

#include "index/vector_kernels.h"

// Between the files of the kernels. nullptr: not for this processor.
namespace moat::index {

const VectorKernels* avx2_vector_kernels();
const VectorKernels* avx512_vector_kernels();
const VectorKernels* arm_vector_kernels();

}  // namespace moat::index

// Defines all kernels for one target, by the plain loops, and `kLoops`, the set of them. A target
// that has something better for some of them takes the set and puts its own in.
#define MOAT_KERNEL_LOOPS(attribute)                                                               \
    attribute float dot(const float* a, const float* b, std::size_t n) {                           \
        return loops::dot(a, b, n);                                                                \
    }                                                                                              \
    attribute float l2_squared(const float* a, const float* b, std::size_t n) {                    \
        return loops::l2_squared(a, b, n);                                                         \
    }                                                                                              \
    attribute float manhattan(const float* a, const float* b, std::size_t n) {                     \
        return loops::manhattan(a, b, n);                                                          \
    }                                                                                              \
    attribute std::size_t hamming(const float* a, const float* b, std::size_t n) {                 \
        return loops::hamming(a, b, n);                                                            \
    }                                                                                              \
    attribute void hadamard(float* values, std::size_t n) {                                        \
        loops::hadamard(values, n);                                                                \
    }                                                                                              \
    attribute std::int32_t dot_bytes(const std::uint8_t* a, const std::int8_t* b, std::size_t n) { \
        return loops::dot_bytes(a, b, n);                                                          \
    }                                                                                              \
    attribute std::int32_t dot_nibbles(                                                            \
        const std::uint8_t* nibbles, const std::int8_t* b, std::size_t n                           \
    ) {                                                                                            \
        return loops::dot_nibbles(nibbles, b, n);                                                  \
    }                                                                                              \
    attribute std::uint32_t manhattan_bytes(                                                       \
        const std::uint8_t* a, const std::uint8_t* b, std::size_t n                                \
    ) {                                                                                            \
        return loops::manhattan_bytes(a, b, n);                                                    \
    }                                                                                              \
    attribute std::uint32_t hamming_bytes(                                                         \
        const std::uint8_t* a, const std::uint8_t* b, std::size_t n                                \
    ) {                                                                                            \
        return loops::hamming_bytes(a, b, n);                                                      \
    }                                                                                              \
    attribute void masked_sums(                                                                    \
        const std::uint64_t* const* codes,                                                         \
        std::size_t count,                                                                         \
        const std::uint64_t* planes,                                                               \
        std::size_t words,                                                                         \
        std::uint32_t* out                                                                         \
    ) {                                                                                            \
        loops::masked_sums(codes, count, planes, words, out);                                      \
    }                                                                                              \
    attribute std::size_t count_bits(const std::uint64_t* words, std::size_t n) {                  \
        return loops::count_bits(words, n);                                                        \
    }                                                                                              \
    attribute std::size_t rank(const float* scores, std::size_t n, float score) {                  \
        return loops::rank(scores, n, score);                                                      \
    }                                                                                              \
    constexpr VectorKernels kLoops{                                                                \
        "portable",                                                                                \
        dot,                                                                                       \
        l2_squared,                                                                                \
        manhattan,                                                                                 \
        hamming,                                                                                   \
        hadamard,                                                                                  \
        dot_bytes,                                                                                 \
        dot_nibbles,                                                                               \
        manhattan_bytes,                                                                           \
        hamming_bytes,                                                                             \
        masked_sums,                                                                               \
        count_bits,                                                                                \
        rank,                                                                                      \
    };
