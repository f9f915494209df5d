#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// The inner loops of vector search, for the processor at hand.
// Threads: any; nothing here keeps state. Results of the sets differ in the last bits of floats
// only.
namespace moat::index {

struct VectorKernels {
    std::string_view name;
    float (*dot)(const float* a, const float* b, std::size_t n);
    float (*l2_squared)(const float* a, const float* b, std::size_t n);
};

// The fastest set this processor can run.
const VectorKernels& vector_kernels();
// Plain C++, to check the others against.
const VectorKernels& portable_vector_kernels();

}  // namespace moat::index
