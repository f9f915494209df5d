#include "index/vector_kernel_sets.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "index/vector_kernel_loops.h"

namespace moat::index {
namespace {

namespace avx2 {

#define MOAT_AVX2 [[gnu::target("avx2,fma,popcnt")]]

MOAT_KERNEL_LOOPS(MOAT_AVX2)

MOAT_AVX2 std::int32_t sum_of(__m256i values) {
    const __m128i four =
        _mm_add_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
    const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0b00'00'11'10));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0b00'00'00'01)));
}
MOAT_AVX2 __m256i load(const void* from) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

MOAT_AVX2 std::int32_t dot_nibbles_by_pairs(
    const std::uint8_t* nibbles, const std::int8_t* b, std::size_t n
) {
    const __m256i low_half = _mm256_set1_epi8(15);
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sum = _mm256_setzero_si256();
    for (std::size_t i = 0; i < n; i += 64, nibbles += 32) {
        const __m256i both = load(nibbles);
        const __m256i low = _mm256_and_si256(both, low_half);
        const __m256i high = _mm256_and_si256(_mm256_srli_epi16(both, 4), low_half);
        // At most 4 * 15 * 128, which 16 bits hold.
        const __m256i products = _mm256_add_epi16(
            _mm256_maddubs_epi16(low, load(b + i)), _mm256_maddubs_epi16(high, load(b + i + 32))
        );
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(products, ones));
    }
    return sum_of(sum);
}

constexpr VectorKernels kKernels = [] {
    VectorKernels kernels = kLoops;
    kernels.name = "avx2";
    kernels.dot_nibbles = dot_nibbles_by_pairs;
    return kernels;
}();

}  // namespace avx2

namespace avx512 {

#define MOAT_AVX512 [[gnu::target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vpopcntdq")]]

namespace plain {
MOAT_KERNEL_LOOPS(MOAT_AVX512)
}  // namespace plain

// The first of 16, or of 8, lanes.
MOAT_AVX512 __mmask16 lanes16(std::size_t n) {
    return static_cast<__mmask16>(n >= 16 ? 0xFFFF : (1U << n) - 1);
}
MOAT_AVX512 __mmask8 lanes8(std::size_t n) {
    return static_cast<__mmask8>(n >= 8 ? 0xFF : (1U << n) - 1);
}

MOAT_AVX512 float dot(const float* a, const float* b, std::size_t n) {
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
        const __mmask16 mask = lanes16(n - i);
        sums[0] = _mm512_fmadd_ps(
            _mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i), sums[0]
        );
    }
    return _mm512_reduce_add_ps(
        _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]))
    );
}

MOAT_AVX512 float l2_squared(const float* a, const float* b, std::size_t n) {
    __m512 sums[2] = {};
    for (std::size_t i = 0, k = 0; i < n; i += 16, k ^= 1) {
        const __mmask16 mask = lanes16(n - i);
        const __m512 difference =
            _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i));
        sums[k] = _mm512_fmadd_ps(difference, difference, sums[k]);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]));
}

MOAT_AVX512 float manhattan(const float* a, const float* b, std::size_t n) {
    __m512 sums[2] = {};
    for (std::size_t i = 0, k = 0; i < n; i += 16, k ^= 1) {
        const __mmask16 mask = lanes16(n - i);
        sums[k] = _mm512_add_ps(
            sums[k],
            _mm512_abs_ps(_mm512_sub_ps(
                _mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i)
            ))
        );
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]));
}

MOAT_AVX512 std::int32_t dot_bytes(const std::uint8_t* a, const std::int8_t* b, std::size_t n) {
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

MOAT_AVX512 std::int32_t dot_nibbles(
    const std::uint8_t* nibbles, const std::int8_t* b, std::size_t n
) {
    const __m256i low_half = _mm256_set1_epi8(15);
    __m256i low_sum = _mm256_setzero_si256();
    __m256i high_sum = _mm256_setzero_si256();
    for (std::size_t i = 0; i < n; i += 64, nibbles += 32) {
        const __m256i both = _mm256_loadu_epi8(nibbles);
        const __m256i low = _mm256_and_si256(both, low_half);
        const __m256i high = _mm256_and_si256(_mm256_srli_epi16(both, 4), low_half);
        low_sum = _mm256_dpbusd_epi32(low_sum, low, _mm256_loadu_epi8(b + i));
        high_sum = _mm256_dpbusd_epi32(high_sum, high, _mm256_loadu_epi8(b + i + 32));
    }
    return _mm512_reduce_add_epi32(_mm512_inserti64x4(_mm512_castsi256_si512(low_sum), high_sum, 1)
    );
}

MOAT_AVX512 std::uint32_t manhattan_bytes(
    const std::uint8_t* a, const std::uint8_t* b, std::size_t n
) {
    __m512i sum = _mm512_setzero_si512();
    for (std::size_t i = 0; i < n; i += 64) {
        sum = _mm512_add_epi64(
            sum, _mm512_sad_epu8(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i))
        );
    }
    return static_cast<std::uint32_t>(_mm512_reduce_add_epi64(sum));
}

MOAT_AVX512 std::uint32_t hamming_bytes(
    const std::uint8_t* a, const std::uint8_t* b, std::size_t n
) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < n; i += 64) {
        sum += static_cast<std::uint64_t>(__builtin_popcountll(
            _mm512_cmpneq_epu8_mask(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i))
        ));
    }
    return static_cast<std::uint32_t>(sum);
}

// With the planes of up to 1,024 dimensions in registers: kHalves of 512 bits for each.
template <std::size_t kHalves>
MOAT_AVX512 void masked_sums_of(
    const std::uint64_t* const* codes,
    std::size_t count,
    const std::uint64_t* planes,
    std::size_t words,
    std::uint32_t* out
) {
    __m512i plane[4][kHalves];
    __mmask8 mask[kHalves];
    for (std::size_t half = 0; half < kHalves; ++half) {
        mask[half] = lanes8(words - 8 * half);
        for (std::size_t p = 0; p < 4; ++p)
            plane[p][half] = _mm512_maskz_loadu_epi64(mask[half], planes + p * words + 8 * half);
    }
    for (std::size_t c = 0; c < count; ++c) {
        __m512i bits[kHalves];
        for (std::size_t half = 0; half < kHalves; ++half)
            bits[half] = _mm512_maskz_loadu_epi64(mask[half], codes[c] + 8 * half);
        __m512i sum = _mm512_setzero_si512();
        for (std::size_t p = 4; p-- > 0;) {
            sum = _mm512_add_epi64(sum, sum);
            for (std::size_t half = 0; half < kHalves; ++half) {
                sum = _mm512_add_epi64(
                    sum, _mm512_popcnt_epi64(_mm512_and_si512(bits[half], plane[p][half]))
                );
            }
        }
        out[c] = static_cast<std::uint32_t>(_mm512_reduce_add_epi64(sum));
    }
}

MOAT_AVX512 void masked_sums(
    const std::uint64_t* const* codes,
    std::size_t count,
    const std::uint64_t* planes,
    std::size_t words,
    std::uint32_t* out
) {
    if (words <= 8) return masked_sums_of<1>(codes, count, planes, words, out);
    if (words <= 16) return masked_sums_of<2>(codes, count, planes, words, out);
    for (std::size_t c = 0; c < count; ++c) {
        __m512i sum = _mm512_setzero_si512();
        for (std::size_t i = 0; i < words; i += 8) {
            const __mmask8 mask = lanes8(words - i);
            const __m512i bits = _mm512_maskz_loadu_epi64(mask, codes[c] + i);
            __m512i shared = _mm512_setzero_si512();
            for (std::size_t p = 4; p-- > 0;) {
                const __m512i plane = _mm512_maskz_loadu_epi64(mask, planes + p * words + i);
                shared = _mm512_add_epi64(
                    _mm512_add_epi64(shared, shared),
                    _mm512_popcnt_epi64(_mm512_and_si512(bits, plane))
                );
            }
            sum = _mm512_add_epi64(sum, shared);
        }
        out[c] = static_cast<std::uint32_t>(_mm512_reduce_add_epi64(sum));
    }
}

MOAT_AVX512 std::size_t rank(const float* scores, std::size_t n, float score) {
    const __m512 pivot = _mm512_set1_ps(score);
    std::size_t before = 0;
    for (std::size_t i = 0; i < n; i += 16) {
        const __mmask16 mask = lanes16(n - i);
        const __mmask16 found = _mm512_mask_cmp_ps_mask(
            mask, _mm512_maskz_loadu_ps(mask, scores + i), pivot, _CMP_GE_OQ
        );
        before += static_cast<std::size_t>(__builtin_popcount(found));
        // They fall: where one is less, all behind it are.
        if (found != mask) break;
    }
    return before;
}

constexpr VectorKernels kKernels = [] {
    VectorKernels kernels = plain::kLoops;
    kernels.name = "avx512";
    kernels.dot = dot;
    kernels.l2_squared = l2_squared;
    kernels.manhattan = manhattan;
    kernels.dot_bytes = dot_bytes;
    kernels.dot_nibbles = dot_nibbles;
    kernels.manhattan_bytes = manhattan_bytes;
    kernels.hamming_bytes = hamming_bytes;
    kernels.masked_sums = masked_sums;
    kernels.rank = rank;
    return kernels;
}();

}  // namespace avx512

}  // namespace

const VectorKernels* avx2_vector_kernels() {
    const bool can = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return can ? &avx2::kKernels : nullptr;
}

const VectorKernels* avx512_vector_kernels() {
    const bool can = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni") &&
                     __builtin_cpu_supports("avx512vpopcntdq");
    return can ? &avx512::kKernels : nullptr;
}

}  // namespace moat::index

#else

namespace moat::index {

const VectorKernels* avx2_vector_kernels() {
    return nullptr;
}
const VectorKernels* avx512_vector_kernels() {
    return nullptr;
}

}  // namespace moat::index

#endif
