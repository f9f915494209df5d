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
constexpr std::size_t kAhead = 4;  // rows prefetched before they are read

std::size_t whole_lines(std::size_t bytes) {
    return (bytes + kLine - 1) / kLine * kLine;
}

void prefetch(const std::byte* from, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at += kLine)
        __builtin_prefetch(from + at);
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

// The nearest whole number from -127 to 127, without a call: the compiler vectorises it.
std::int32_t rounded(float value) {
    return static_cast<std::int32_t>(value + 128.5F) - 128;
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

VectorCodes::VectorCodes(const Rotation& rotation, Distance distance, std::vector<float> centre)
    : rotation_(rotation),
      distance_(distance),
      centre_(std::move(centre)),
      bit_words_(rotation.padded() >= kMinBitDimensions ? rotation.padded() / 64 : 0),
      records_(whole_lines(sizeof(Header) + bit_words_ * 8), std::make_unique<MemoryChunks>()),
      bytes_(rotation.padded(), std::make_unique<MemoryChunks>()) {
    CHECK(centre_.size() == rotation.dimensions());
}

Status VectorCodes::grow_to(Row end) {
    TRY(records_.grow_to(end));
    return bytes_.grow_to(end);
}

std::span<const float> VectorCodes::rotated(std::span<const float> vector) const {
    thread_local std::vector<float> centred;
    thread_local std::vector<float> out;
    centred.resize(vector.size());
    out.resize(rotation_.padded());
    for (std::size_t i = 0; i < vector.size(); ++i)
        centred[i] = vector[i] - centre_[i];
    rotation_.apply(centred, out);
    return out;
}

void VectorCodes::put(Row row, std::span<const float> vector) {
    const std::span<const float> rotated = this->rotated(vector);
    const std::size_t n = rotated.size();

    Header& header = *records_.at<Header>(row);
    auto* const bits = reinterpret_cast<std::uint64_t*>(records_.at(row) + sizeof(Header));
    auto* const bytes = bytes_.at<std::int8_t>(row);
    const float most = largest(rotated);
    header.scale = most / 127;
    const float inverse = most > 0 ? 127 / most : 0;
    const Norms norms = norms_of(rotated);
    header.bit_count = 0;
    std::int32_t byte_sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const std::int32_t byte = rounded(rotated[i] * inverse);
        bytes[i] = static_cast<std::int8_t>(byte);
        byte_sum += byte;
    }
    header.byte_sum = byte_sum;
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
    header.base =
        dot ? vector_kernels().dot(centre_.data(), vector.data(), vector.size()) : -norms.squared;
    header.bit_factor = norms.absolute > 0 ? factor * norms.squared / norms.absolute : 0;
    header.byte_factor = factor * header.scale;
}

void VectorCodes::prepare(std::span<const float> vector, Query& query) const {
    const std::span<const float> rotated = this->rotated(vector);
    const std::size_t n = rotated.size();

    const float most = largest(rotated);
    query.byte_scale = most / 127;
    const float inverse = most > 0 ? 127 / most : 0;
    query.bytes.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        query.bytes[i] = static_cast<std::uint8_t>(rounded(rotated[i] * inverse) + 128);
    }
    if (bit_words_ == 0) return;

    const auto [low, high] = std::minmax_element(rotated.begin(), rotated.end());
    query.low = *low;
    query.step = (*high - *low) / 15;
    const float per_step = query.step > 0 ? 1 / query.step : 0;
    thread_local std::vector<std::uint8_t> levels;
    levels.resize(n);
    std::uint32_t total = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const auto level = static_cast<std::uint32_t>((rotated[i] - query.low) * per_step + 0.5F);
        levels[i] = static_cast<std::uint8_t>(level);
        total += level;
    }
    query.planes.resize(4 * bit_words_);
    for (std::size_t word = 0; word < bit_words_; ++word) {
        for (unsigned plane = 0; plane < 4; ++plane) {
            query.planes[plane * bit_words_ + word] = gather_plane(&levels[word * 64], plane);
        }
    }
    query.sum = query.low * static_cast<float>(n) + query.step * static_cast<float>(total);
}

void VectorCodes::estimate(const Query& query, std::span<const Row> rows, float* out) const {
    if (bit_words_ == 0) return estimate_by_bytes(query, rows, out);
    const auto masked_sum = vector_kernels().masked_sum;
    const std::size_t record_bytes = records_.row_bytes();
    for (std::size_t i = 0; i < std::min(kAhead, rows.size()); ++i) {
        prefetch(records_.at(rows[i]), record_bytes);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i + kAhead < rows.size()) prefetch(records_.at(rows[i + kAhead]), record_bytes);
        const Header& record = header(rows[i]);
        const std::uint32_t masked = masked_sum(bits(rows[i]), query.planes.data(), bit_words_);
        const float positive =
            query.low * record.bit_count + query.step * static_cast<float>(masked);
        out[i] = record.base + record.bit_factor * (2 * positive - query.sum);
    }
}

void VectorCodes::prefetch_bytes(Row row) const {
    __builtin_prefetch(records_.at(row));
    prefetch(bytes_.at(row), rotation_.padded());
}

void VectorCodes::estimate_by_bytes(const Query& query, std::span<const Row> rows, float* out)
    const {
    const auto dot_bytes = vector_kernels().dot_bytes;
    for (std::size_t i = 0; i < std::min(kAhead, rows.size()); ++i)
        prefetch_bytes(rows[i]);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i + kAhead < rows.size()) prefetch_bytes(rows[i + kAhead]);
        const Header& record = header(rows[i]);
        const std::int32_t product =
            dot_bytes(query.bytes.data(), bytes_.at<std::int8_t>(rows[i]), rotation_.padded()) -
            128 * record.byte_sum;
        out[i] = record.base + record.byte_factor * query.byte_scale * static_cast<float>(product);
    }
}

void VectorCodes::prepare_row(Row row, Query& query) const {
    const std::size_t n = rotation_.padded();
    query.byte_scale = header(row).scale;
    query.bytes.resize(n);
    const auto* bytes = bytes_.at<std::uint8_t>(row);
    for (std::size_t i = 0; i < n; ++i)
        query.bytes[i] = bytes[i] ^ 0x80U;
}

}  // namespace moat::index
