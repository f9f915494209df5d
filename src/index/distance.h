#pragma once

namespace moat::index {

enum class Distance {
    cosine,      // 1 - cos
    dot,         // -(a . b)
    l2_squared,  // |a - b|^2
    manhattan,   // sum of |a[i] - b[i]|
    hamming,     // how many a[i] != b[i]
};

}  // namespace moat::index
