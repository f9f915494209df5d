#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace moat::index {

// A fixed pseudo-random rotation, after which the values of a vector are alike in size, whatever
// they meant before: that is what makes codes of few bits accurate (RaBitQ, Gao and Long 2024).
// Made of random signs, Walsh-Hadamard transforms of blocks, and a transposition between the
// blocks, twice over; so it costs n log n and stores only signs.
//
// Threads: any. Lengths and inner products are kept, up to rounding.
class Rotation {
  public:
    explicit Rotation(std::size_t dimensions);

    std::size_t dimensions() const { return dimensions_; }
    // Dimensions of the result: the next multiple of 64.
    std::size_t padded() const { return padded_; }
    // REQUIRES: `in` has dimensions() values, `out` padded().
    void apply(std::span<const float> in, std::span<float> out) const;

  private:
    const std::size_t dimensions_;
    const std::size_t padded_;
    const std::size_t block_;  // the largest power of two that divides padded_
    std::vector<float> first_signs_;
    std::vector<float> second_signs_;
};

}  // namespace moat::index
