#pragma once

namespace moat::index {

enum class Distance {
    cosine,      // 1 - cos
    dot,         // -(a . b)
    l2_squared,  // |a - b|^2
};

}  // namespace moat::index
