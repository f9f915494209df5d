#include "index/vector_codes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "index/vector_kernels.h"

namespace moat::index {
namespace {

// Below this the sign bits say too little: their error goes with 1 / sqrt(dimensions). At 320
// dimensions and evenly spread clusters they lost a tenth of the neighbours.
constexpr std::size_t kMinBitDimensions = 512;
constexpr std::size_t kLine = 64;
// Of the values' root mean square: the step with which 16 levels render normally distributed values
// best (Max 1960, table I).
constexpr float kNibbleStep = 0.3352F;

std::size_t whole_lines(std::size_t bytes) {
    return (bytes + kLine - 1) / kLine * kLine;
}

float largest(std::span<const float> values) {
    float most = 0;
    for (const float value : values)
        most = std::max(most, std::fabs(value));
    return most;
}

struct Norms {
    float squared = 0;
    float absolute = 0;
};

Norms norms_of(std::span<const float> values) {
#pragma clang fp reassociate(on)
    Norms norms;
    for (const float value : values) {
        norms.squared += value * value;
        norms.absolute += std::fabs(value);
    }
    return norms;
}

// The nearest whole number from -127 to 127 (of what is none, -127), without a call: the compiler
// vectorises it.
std::int32_t rounded(float value) {
    const float least = value > -127.0F ? value : -127.0F;
    return static_cast<std::int32_t>((least < 127.0F ? least : 127.0F) + 128.5F) - 128;
}

// From 0 to 15, of a value in steps, where 8 is the first level above zero.
std::uint8_t level_of(float steps) {
    const float least = steps > -8.0F ? steps : -8.0F;
    return static_cast<std::uint8_t>((least < 7.0F ? least : 7.0F) + 8.0F);
}

// Equal floats have equal bytes, and small whole numbers, which such vectors often are made of,
// have different ones.
std::uint8_t hash_of(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value + 0.0F);  // -0 becomes 0
    return static_cast<std::uint8_t>((bits * 0x9E3779B1U) >> 24);
}

// Bit `plane` of each of 64 levels, as one word. Eight levels at a time: the product gathers the
// lowest bits of eight bytes in the highest byte.
std::uint64_t gather_plane(const std::uint8_t* levels, unsigned plane) {
    std::uint64_t word = 0;
    for (unsigned i = 0; i < 8; ++i) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, levels + std::size_t{8} * i, 8);
        const std::uint64_t lowest = (eight >> plane) & 0x0101010101010101;
        word |= ((lowest * 0x0102040810204080) >> 56) << (8 * i);
    }
    return word;
}

}  // namespace

VectorCodes::Frame VectorCodes::learn(
    std::span<const std::span<const float>> values, Distance distance
) {
    const std::size_t dimensions = values.front().size();
    std::vector<double> sums(dimensions);
    for (const std::span<const float> vector : values) {
        for (std::size_t d = 0; d < dimensions; ++d)
            sums[d] += static_cast<double>(vector[d]);
    }
    Frame frame;
    for (const double sum : sums)
        frame.centre.push_back(static_cast<float>(sum / static_cast<double>(values.size())));
    if (distance != Distance::manhattan) return frame;
    float most = 0;
    for (const std::span<const float> vector : values) {
        for (std::size_t d = 0; d < dimensions; ++d)
            most = std::max(most, std::fabs(vector[d] - frame.centre[d]));
    }
    frame.step = most / 127;
    return frame;
}

VectorCodes::VectorCodes(
    const Rotation& rotation,
    Distance distance,
    Frame frame,
    CodeWidth width,
    std::unique_ptr<ChunkSource> records,
    std::unique_ptr<ChunkSource> values
)
    : rotation_(rotation),
      distance_(distance),
      frame_(std::move(frame)),
      width_(possible(distance, width)),
      bit_words_(
          by_products() && rotation.padded() >= kMinBitDimensions ? rotation.padded() / 64 : 0
      ),
      // Headers alone lie two to a line where every byte counts.
      records_(
          width_ == CodeWidth::four && bit_words_ == 0
              ? sizeof(Header)
              : whole_lines(sizeof(Header) + bit_words_ * 8),
          std::move(records)
      ),
      values_(rotation.padded() * static_cast<std::size_t>(width_) / 8, std::move(values)) {
    CHECK(frame_.centre.size() == rotation.dimensions());
}

CodeWidth VectorCodes::possible(Distance distance, CodeWidth wanted) {
    return uses_products(distance) ? wanted : CodeWidth::eight;
}

Status VectorCodes::grow_to(Row end) {
    TRY(records_.grow_to(end));
    return values_.grow_to(end);
}

std::span<const float> VectorCodes::rotated(std::span<const float> vector) const {
    thread_local std::vector<float> centred;
    thread_local std::vector<float> out;
    centred.resize(vector.size());
    out.resize(rotation_.padded());
    for (std::size_t i = 0; i < vector.size(); ++i)
        centred[i] = vector[i] - frame_.centre[i];
    rotation_.apply(centred, out);
    return out;
}

void VectorCodes::put(Row row, std::span<const float> vector) {
    if (by_products()) {
        code_products(row, vector);
    } else {
        code_differences(vector, values_.at<std::uint8_t>(row));
    }
}

void VectorCodes::code_differences(std::span<const float> vector, std::uint8_t* bytes) const {
    if (distance_ == Distance::hamming) {
        std::ranges::transform(vector, bytes, hash_of);
        return;
    }
    const float inverse = frame_.step > 0 ? 1 / frame_.step : 0;
    for (std::size_t i = 0; i < vector.size(); ++i) {
        const float steps = (vector[i] - frame_.centre[i]) * inverse;
        bytes[i] = static_cast<std::uint8_t>(rounded(steps) + 128);
    }
}

void VectorCodes::code_products(Row row, std::span<const float> vector) {
    const std::span<const float> rotated = this->rotated(vector);
    const Norms norms = norms_of(rotated);
    Header& header = *records_.at<Header>(row);
    header.scale = 0;
    header.byte_sum = 0;
    if (width_ == CodeWidth::eight) {
        code_bytes(rotated, header, values_.at<std::int8_t>(row));
    } else {
        code_nibbles(rotated, header, values_.at<std::uint8_t>(row));
    }
    auto* const bits = reinterpret_cast<std::uint64_t*>(records_.at(row) + sizeof(Header));
    header.bit_count = 0;
    for (std::size_t word = 0; word < bit_words_; ++word) {
        std::uint64_t signs = 0;
        for (std::size_t i = 0; i < 64; ++i) {
            signs |= std::uint64_t{rotated[word * 64 + i] > 0} << i;
        }
        bits[word] = signs;
        header.bit_count += static_cast<float>(std::popcount(signs));
    }
    const bool dot = distance_ == Distance::dot;
    const float factor = dot ? 1.0F : 2.0F;
    header.base = dot ? vector_kernels().dot(frame_.centre.data(), vector.data(), vector.size())
                      : -norms.squared;
    header.bit_factor = norms.absolute > 0 ? factor * norms.squared / norms.absolute : 0;
    header.value_factor = factor * header.scale;
}

void VectorCodes::code_bytes(std::span<const float> rotated, Header& header, std::int8_t* bytes)
    const {
    const float most = largest(rotated);
    header.scale = most / 127;
    const float inverse = most > 0 ? 127 / most : 0;
    std::int32_t byte_sum = 0;
    for (std::size_t i = 0; i < rotated.size(); ++i) {
        const std::int32_t byte = rounded(rotated[i] * inverse);
        bytes[i] = static_cast<std::int8_t>(byte);
        byte_sum += byte;
    }
    header.byte_sum = byte_sum;
}

void VectorCodes::code_nibbles(
    std::span<const float> rotated, Header& header, std::uint8_t* nibbles
) const {
#pragma clang fp reassociate(on)
    const std::size_t n = rotated.size();
    const float squared = norms_of(rotated).squared;
    const float step = kNibbleStep * std::sqrt(squared / static_cast<float>(n));
    const float inverse = step > 0 ? 1 / step : 0;
    thread_local std::vector<std::uint8_t> levels;
    levels.resize(n);
    float product = 0;  // of the vector and its code, whose values are -15, -13 ... 15
    for (std::size_t i = 0; i < n; ++i) {
        levels[i] = level_of(rotated[i] * inverse);
        product += rotated[i] * static_cast<float>(2 * levels[i] - 15);
    }
    header.scale = product > 0 ? squared / product : 0;
    for (std::size_t at = 0; at < n; at += 64, nibbles += 32) {
        for (std::size_t i = 0; i < 32; ++i) {
            nibbles[i] = static_cast<std::uint8_t>(levels[at + i] | levels[at + 32 + i] << 4);
        }
    }
}

void VectorCodes::prepare(std::span<const float> vector, Query& query) const {
    query.bytes.assign(rotation_.padded(), 0);
    if (!by_products()) return code_differences(vector, query.bytes.data());
    const std::span<const float> rotated = this->rotated(vector);
    const float most = largest(rotated);
    query.byte_scale = most / 127;
    const float inverse = most > 0 ? 127 / most : 0;
    const std::int32_t bias = width_ == CodeWidth::eight ? 128 : 0;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < rotated.size(); ++i) {
        const std::int32_t byte = rounded(rotated[i] * inverse);
        query.bytes[i] = static_cast<std::uint8_t>(byte + bias);
        sum += byte;
    }
    query.byte_sum = sum;
    if (bit_words_ > 0) prepare_planes(rotated, query);
}

void VectorCodes::prepare_planes(std::span<const float> rotated, Query& query) const {
    const std::size_t n = rotated.size();
    float low = rotated[0];
    float high = low;
    for (const float value : rotated) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    query.low = low;
    query.step = (high - low) / 15;
    const float per_step = query.step > 0 ? 1 / query.step : 0;
    thread_local std::vector<std::uint8_t> levels;
    levels.resize(n);
    std::uint32_t total = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const float steps = (rotated[i] - low) * per_step;
        const auto level = static_cast<std::uint32_t>((steps < 15.0F ? steps : 15.0F) + 0.5F);
        levels[i] = static_cast<std::uint8_t>(level);
        total += level;
    }
    query.planes.resize(4 * bit_words_);
    for (unsigned plane = 0; plane < 4; ++plane) {
        for (std::size_t word = 0; word < bit_words_; ++word)
            query.planes[plane * bit_words_ + word] = gather_plane(&levels[word * 64], plane);
    }
    query.sum = low * static_cast<float>(n) + query.step * static_cast<float>(total);
}

}  // namespace moat::index
