#include "index/rotation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/check.h"
#include "index/vector_kernels.h"

namespace moat::index {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): the signs must be the same on every machine, forever,
// because stored codes depend on them.
std::uint64_t next_random(std::uint64_t& state) {
    state += 0x9E3779B97F4A7C15;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

std::vector<float> random_signs(std::size_t count, std::uint64_t seed) {
    std::vector<float> signs(count);
    for (float& sign : signs)
        sign = (next_random(seed) & 1) != 0 ? 1.0F : -1.0F;
    return signs;
}

}  // namespace

Rotation::Rotation(std::size_t dimensions)
    : dimensions_(dimensions),
      padded_((dimensions + 63) / 64 * 64),
      block_(padded_ & (~padded_ + 1)),
      first_signs_(random_signs(padded_, 1)),
      second_signs_(random_signs(padded_, 2)) {}

void Rotation::apply(std::span<const float> in, std::span<float> out) const {
    CHECK(in.size() == dimensions_ && out.size() == padded_);
    const VectorKernels& kernels = vector_kernels();
    thread_local std::vector<float> between;
    between.assign(padded_, 0);
    for (std::size_t i = 0; i < dimensions_; ++i)
        between[i] = in[i] * first_signs_[i];
    for (std::size_t b = 0; b < padded_; b += block_)
        kernels.hadamard(&between[b], block_);

    const std::size_t blocks = padded_ / block_;
    for (std::size_t b = 0; b < blocks; ++b) {
        for (std::size_t i = 0; i < block_; ++i) {
            // Neighbours of a block are dealt out to all blocks.
            const std::size_t to = i * blocks + b;
            out[to] = between[b * block_ + i] * second_signs_[to];
        }
    }
    const float scale = 1 / static_cast<float>(block_);
    for (std::size_t b = 0; b < padded_; b += block_)
        kernels.hadamard(&out[b], block_);
    for (float& value : out)
        value *= scale;
}

}  // namespace moat::index
