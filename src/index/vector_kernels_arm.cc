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

constexpr VectorKernels kKernels{
    "dotprod",
    dot,
    l2_squared,
    manhattan,
    hamming,
    hadamard,
    dot_bytes_sdot,
    manhattan_bytes,
    hamming_bytes,
    masked_sums,
    count_bits,
    rank,
};

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
