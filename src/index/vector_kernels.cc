#include "index/vector_kernels.h"

#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

// The strides within a vector register are known to the compiler, which then shuffles.
template <std::size_t kHalf>
[[gnu::always_inline]] inline void hadamard_stage(float* values, std::size_t n) {
    for (std::size_t block = 0; block < n; block += 2 * kHalf) {
        float* const low = values + block;
        for (std::size_t i = 0; i < kHalf; ++i) {
            const float a = low[i];
            const float b = low[i + kHalf];
            low[i] = a + b;
            low[i + kHalf] = a - b;
        }
    }
}

[[gnu::always_inline]] inline void hadamard_loop(float* values, std::size_t n) {
    hadamard_stage<1>(values, n);
    hadamard_stage<2>(values, n);
    hadamard_stage<4>(values, n);
    hadamard_stage<8>(values, n);
    for (std::size_t half = 16; half < n; half *= 2) {
        for (std::size_t block = 0; block < n; block += 2 * half) {
            float* const low = values + block;
            float* const high = low + half;
            for (std::size_t i = 0; i < half; ++i) {
                const float a = low[i];
                const float b = high[i];
                low[i] = a + b;
                high[i] = a - b;
            }
        }
    }
}

[[gnu::always_inline]] inline std::int32_t dot_bytes_loop(
    const std::uint8_t* a, const std::int8_t* b, std::size_t n
) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        sum += static_cast<std::int16_t>(a[i]) * static_cast<std::int16_t>(b[i]);
    }
    return sum;
}

[[gnu::always_inline]] inline std::uint32_t masked_sum_loop(
    const std::uint64_t* code, const std::uint64_t* planes, std::size_t words
) {
    std::uint64_t sum = 0;
    for (std::size_t plane = 0; plane < 4; ++plane) {
        std::uint64_t shared = 0;
        for (std::size_t i = 0; i < words; ++i) {
            shared +=
                static_cast<std::uint64_t>(std::popcount(code[i] & planes[plane * words + i]));
        }
        sum += shared << plane;
    }
    return static_cast<std::uint32_t>(sum);
}

// Declares the five functions for one target; `dot_bytes` and `masked_sum` may be overridden below.
#define MOAT_KERNELS(suffix, attribute)                                           \
    attribute float dot_##suffix(const float* a, const float* b, std::size_t n) { \
        return dot_loop(a, b, n);                                                 \
    }                                                                             \
    attribute float l2_##suffix(const float* a, const float* b, std::size_t n) {  \
        return l2_loop(a, b, n);                                                  \
    }                                                                             \
    attribute void hadamard_##suffix(float* values, std::size_t n) {              \
        hadamard_loop(values, n);                                                 \
    }                                                                             \
    attribute std::int32_t bytes_##suffix(                                        \
        const std::uint8_t* a, const std::int8_t* b, std::size_t n                \
    ) {                                                                           \
        return dot_bytes_loop(a, b, n);                                           \
    }                                                                             \
    attribute std::uint32_t masked_##suffix(                                      \
        const std::uint64_t* code, const std::uint64_t* planes, std::size_t words \
    ) {                                                                           \
        return masked_sum_loop(code, planes, words);                              \
    }

MOAT_KERNELS(portable, )
constexpr VectorKernels kPortable{
    "portable", dot_portable, l2_portable, hadamard_portable, bytes_portable, masked_portable
};

#if defined(__x86_64__)
MOAT_KERNELS(avx2, [[gnu::target("avx2,fma,popcnt")]])
constexpr VectorKernels kAvx2{"avx2", dot_avx2, l2_avx2, hadamard_avx2, bytes_avx2, masked_avx2};

#define MOAT_AVX512 [[gnu::target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vpopcntdq")]]

MOAT_AVX512 float dot_avx512(const float* a, const float* b, std::size_t n) {
    __m512 sums[4] = {};
    std::size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        for (std::size_t k = 0; k < 4; ++k) {
            sums[k] = _mm512_fmadd_ps(
                _mm512_loadu_ps(a + i + 16 * k), _mm512_loadu_ps(b + i + 16 * k), sums[k]
            );
        }
    }
    for (; i < n; i += 16) {
        const auto mask = static_cast<__mmask16>(n - i >= 16 ? 0xFFFF : (1U << (n - i)) - 1);
        sums[0] = _mm512_fmadd_ps(
            _mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i), sums[0]
        );
    }
    return _mm512_reduce_add_ps(
        _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]))
    );
}

MOAT_AVX512 float l2_avx512(const float* a, const float* b, std::size_t n) {
    __m512 sums[2] = {};
    for (std::size_t i = 0, k = 0; i < n; i += 16, k ^= 1) {
        const auto mask = static_cast<__mmask16>(n - i >= 16 ? 0xFFFF : (1U << (n - i)) - 1);
        const __m512 difference =
            _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i));
        sums[k] = _mm512_fmadd_ps(difference, difference, sums[k]);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]));
}

MOAT_AVX512 void hadamard_avx512(float* values, std::size_t n) {
    hadamard_loop(values, n);
}

MOAT_AVX512 std::int32_t bytes_avx512(const std::uint8_t* a, const std::int8_t* b, std::size_t n) {
    __m512i even = _mm512_setzero_si512();
    __m512i odd = _mm512_setzero_si512();
    std::size_t i = 0;
    for (; i + 128 <= n; i += 128) {
        even = _mm512_dpbusd_epi32(even, _mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
        odd = _mm512_dpbusd_epi32(
            odd, _mm512_loadu_si512(a + i + 64), _mm512_loadu_si512(b + i + 64)
        );
    }
    if (i < n) {
        even = _mm512_dpbusd_epi32(even, _mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
}

MOAT_AVX512 std::uint32_t masked_avx512(
    const std::uint64_t* code, const std::uint64_t* planes, std::size_t words
) {
    __m512i sum = _mm512_setzero_si512();
    for (std::size_t i = 0; i < words; i += 8) {
        const auto mask = static_cast<__mmask8>(words - i >= 8 ? 0xFF : (1U << (words - i)) - 1);
        const __m512i bits = _mm512_maskz_loadu_epi64(mask, code + i);
        for (int plane = 3; plane >= 0; --plane) {
            const std::uint64_t* const at = planes + static_cast<std::size_t>(plane) * words + i;
            const __m512i shared =
                _mm512_popcnt_epi64(_mm512_and_si512(bits, _mm512_maskz_loadu_epi64(mask, at)));
            sum = _mm512_add_epi64(sum, _mm512_slli_epi64(shared, static_cast<unsigned>(plane)));
        }
    }
    return static_cast<std::uint32_t>(_mm512_reduce_add_epi64(sum));
}

constexpr VectorKernels kAvx512{
    "avx512", dot_avx512, l2_avx512, hadamard_avx512, bytes_avx512, masked_avx512
};
#endif

const VectorKernels& choose() {
#if defined(__x86_64__)
    const bool avx512 = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vnni") &&
                        __builtin_cpu_supports("avx512vpopcntdq");
    if (avx512) return kAvx512;
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
