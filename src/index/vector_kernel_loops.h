#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

// The kernels of vector_kernels.h in plain C++: one source for all instruction sets. Inlined into a
// function with a target attribute, the compiler vectorises a loop for that target. Sums may be
// reordered, or they could not be vectorised.
namespace moat::index::loops {

[[gnu::always_inline]] inline float dot(const float* a, const float* b, std::size_t n) {
#pragma clang fp reassociate(on) contract(fast)
    float sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        sum += a[i] * b[i];
    return sum;
}

[[gnu::always_inline]] inline float l2_squared(const float* a, const float* b, std::size_t n) {
#pragma clang fp reassociate(on) contract(fast)
    float sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const float difference = a[i] - b[i];
        sum += difference * difference;
    }
    return sum;
}

[[gnu::always_inline]] inline float manhattan(const float* a, const float* b, std::size_t n) {
#pragma clang fp reassociate(on)
    float sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        sum += std::fabs(a[i] - b[i]);
    return sum;
}

[[gnu::always_inline]] inline std::size_t hamming(const float* a, const float* b, std::size_t n) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        sum += a[i] != b[i] ? 1U : 0U;
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

[[gnu::always_inline]] inline void hadamard(float* values, std::size_t n) {
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

[[gnu::always_inline]] inline std::int32_t dot_bytes(
    const std::uint8_t* a, const std::int8_t* b, std::size_t n
) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        sum += static_cast<std::int16_t>(a[i]) * static_cast<std::int16_t>(b[i]);
    return sum;
}

[[gnu::always_inline]] inline std::int32_t dot_nibbles(
    const std::uint8_t* nibbles, const std::int8_t* b, std::size_t n
) {
    std::int32_t sum = 0;
    for (std::size_t at = 0; at < n; at += 64, nibbles += 32) {
        for (std::size_t i = 0; i < 32; ++i) {
            const auto low = static_cast<std::int16_t>(nibbles[i] & 15);
            const auto high = static_cast<std::int16_t>(nibbles[i] >> 4);
            sum += low * static_cast<std::int16_t>(b[at + i]);
            sum += high * static_cast<std::int16_t>(b[at + 32 + i]);
        }
    }
    return sum;
}

[[gnu::always_inline]] inline std::uint32_t manhattan_bytes(
    const std::uint8_t* a, const std::uint8_t* b, std::size_t n
) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        sum += a[i] > b[i] ? std::uint32_t{a[i]} - b[i] : std::uint32_t{b[i]} - a[i];
    return sum;
}

[[gnu::always_inline]] inline std::uint32_t hamming_bytes(
    const std::uint8_t* a, const std::uint8_t* b, std::size_t n
) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        sum += a[i] != b[i] ? 1U : 0U;
    return sum;
}

[[gnu::always_inline]] inline void masked_sums(
    const std::uint64_t* const* codes,
    std::size_t count,
    const std::uint64_t* planes,
    std::size_t words,
    std::uint32_t* out
) {
    for (std::size_t c = 0; c < count; ++c) {
        std::uint64_t sum = 0;
        for (std::size_t plane = 4; plane-- > 0;) {
            std::uint64_t shared = 0;
            for (std::size_t i = 0; i < words; ++i) {
                shared += static_cast<std::uint64_t>(
                    std::popcount(codes[c][i] & planes[plane * words + i])
                );
            }
            sum = 2 * sum + shared;
        }
        out[c] = static_cast<std::uint32_t>(sum);
    }
}

[[gnu::always_inline]] inline std::size_t count_bits(const std::uint64_t* words, std::size_t n) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        sum += static_cast<std::size_t>(std::popcount(words[i]));
    return sum;
}

[[gnu::always_inline]] inline std::size_t rank(const float* scores, std::size_t n, float score) {
    std::uint32_t before = 0;
    for (std::size_t i = 0; i < n; ++i)
        before += scores[i] >= score ? 1U : 0U;
    return before;
}

}  // namespace moat::index::loops
