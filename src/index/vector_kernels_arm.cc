#include "index/vector_kernel_sets.h"

#if defined(__aarch64__) && defined(__linux__)

#include <sys/auxv.h>

#include <arm_neon.h>

#include "index/vector_kernel_loops.h"

namespace moat::index {
namespace {

// NEON is part of the architecture, so the plain loops are vectorised without being asked. The
// product of bytes is what the extension of ARMv8.2 adds.
#define MOAT_DOTPROD [[gnu::target("dotprod")]]

MOAT_KERNEL_LOOPS(MOAT_DOTPROD)

MOAT_DOTPROD std::int32_t dot_bytes_sdot(
    const std::uint8_t* a, const std::int8_t* b, std::size_t n
) {
    // Both sides have to be signed: a - 128 is, and what that takes away is 128 times the sum of b.
    const uint8x16_t flip = vdupq_n_u8(0x80);
    const int8x16_t ones = vdupq_n_s8(1);
    int32x4_t products = vdupq_n_s32(0);
    int32x4_t sums = vdupq_n_s32(0);
    for (std::size_t i = 0; i < n; i += 16) {
        const int8x16_t lowered = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(a + i), flip));
        const int8x16_t values = vld1q_s8(b + i);
        products = vdotq_s32(products, lowered, values);
        sums = vdotq_s32(sums, ones, values);
    }
    return vaddvq_s32(products) + 128 * vaddvq_s32(sums);
}

MOAT_DOTPROD std::int32_t dot_nibbles_sdot(
    const std::uint8_t* nibbles, const std::int8_t* b, std::size_t n
) {
    const uint8x16_t low_half = vdupq_n_u8(15);
    int32x4_t low_sum = vdupq_n_s32(0);
    int32x4_t high_sum = vdupq_n_s32(0);
    for (std::size_t i = 0; i < n; i += 64, nibbles += 32) {
        for (std::size_t k = 0; k < 32; k += 16) {
            const uint8x16_t both = vld1q_u8(nibbles + k);
            const int8x16_t low = vreinterpretq_s8_u8(vandq_u8(both, low_half));
            const int8x16_t high = vreinterpretq_s8_u8(vshrq_n_u8(both, 4));
            low_sum = vdotq_s32(low_sum, low, vld1q_s8(b + i + k));
            high_sum = vdotq_s32(high_sum, high, vld1q_s8(b + i + 32 + k));
        }
    }
    return vaddvq_s32(vaddq_s32(low_sum, high_sum));
}

constexpr VectorKernels kKernels = [] {
    VectorKernels kernels = kLoops;
    kernels.name = "dotprod";
    kernels.dot_bytes = dot_bytes_sdot;
    kernels.dot_nibbles = dot_nibbles_sdot;
    return kernels;
}();

}  // namespace

const VectorKernels* arm_vector_kernels() {
    constexpr unsigned long kDotProducts = 1UL << 20;  // HWCAP_ASIMDDP
    return (getauxval(AT_HWCAP) & kDotProducts) != 0 ? &kKernels : nullptr;
}

}  // namespace moat::index

#else

namespace moat::index {

const VectorKernels* arm_vector_kernels() {
    return nullptr;
}

}  // namespace moat::index

#endif
