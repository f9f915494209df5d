#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// The inner loops of vector search, for the processor at hand. Which one is chosen at run time.
// Threads: any; nothing here keeps state. The sets differ in the last bits of float sums only.
namespace moat::index {

struct VectorKernels {
    std::string_view name;

    float (*dot)(const float* a, const float* b, std::size_t n);
    float (*l2_squared)(const float* a, const float* b, std::size_t n);
    // Walsh-Hadamard transform in place, not scaled. n: a power of two, at least 16.
    void (*hadamard)(float* values, std::size_t n);
    // Sum of a[i] * b[i]. n: a multiple of 64.
    std::int32_t (*dot_bytes)(const std::uint8_t* a, const std::int8_t* b, std::size_t n);
    // Sum over p of 2^p * (bits that `code` and plane p share). Four planes of `words` words each
    // stand one behind the other.
    std::uint32_t (*masked_sum)(
        const std::uint64_t* code, const std::uint64_t* planes, std::size_t words
    );
};

// The fastest set this processor can run.
const VectorKernels& vector_kernels();
// Plain C++, to check the others against.
const VectorKernels& portable_vector_kernels();

}  // namespace moat::index
