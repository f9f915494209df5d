#include "index/vector_kernels.h"

namespace moat::index {
namespace {

// One source for all instruction sets: inlined into a function with a target attribute, the
// compiler vectorises it for that target. Sums may be reordered, or they could not be vectorised.
[[gnu::always_inline]] inline float dot_loop(const float* a, const float* b, std::size_t n) {
#pragma clang fp reassociate(on) contract(fast)
    float sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        sum += a[i] * b[i];
    return sum;
}

[[gnu::always_inline]] inline float l2_loop(const float* a, const float* b, std::size_t n) {
#pragma clang fp reassociate(on) contract(fast)
    float sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const float difference = a[i] - b[i];
        sum += difference * difference;
    }
    return sum;
}

float dot_portable(const float* a, const float* b, std::size_t n) {
    return dot_loop(a, b, n);
}
float l2_portable(const float* a, const float* b, std::size_t n) {
    return l2_loop(a, b, n);
}

constexpr VectorKernels kPortable{"portable", dot_portable, l2_portable};

#if defined(__x86_64__)
#define MOAT_AVX2 [[gnu::target("avx2,fma")]]
#define MOAT_AVX512 [[gnu::target("avx512f,avx512bw,avx512vl,avx512dq,prefer-256-bit")]]

MOAT_AVX2 float dot_avx2(const float* a, const float* b, std::size_t n) {
    return dot_loop(a, b, n);
}
MOAT_AVX2 float l2_avx2(const float* a, const float* b, std::size_t n) {
    return l2_loop(a, b, n);
}
constexpr VectorKernels kAvx2{"avx2", dot_avx2, l2_avx2};
#endif

const VectorKernels& choose() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kAvx2;
#endif
    return kPortable;
}

}  // namespace

const VectorKernels& vector_kernels() {
    static const VectorKernels& chosen = choose();
    return chosen;
}

const VectorKernels& portable_vector_kernels() {
    return kPortable;
}

}  // namespace moat::index
