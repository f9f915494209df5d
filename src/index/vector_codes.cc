#include "index/vector_codes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "index/vector_kernels.h"

namespace moat::index {
namespace {

// Below this the sign bits say too little: their error goes with 1 / sqrt(dimensions). At 320
// dimensions and evenly spread clusters they lost a tenth of the neighbours.
constexpr std::size_t kMinBitDimensions = 512;
constexpr std::size_t kLine = 64;
constexpr std::size_t kAhead = 4;   // rows of bytes prefetched before they are read
constexpr std::size_t kBatch = 64;  // rows of bits prefetched at a time

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

// The nearest whole number from -127 to 127 (of what is none, -127), without a call: the compiler
// vectorises it.
std::int32_t rounded(float value) {
    const float least = value > -127.0F ? value : -127.0F;
    return static_cast<std::int32_t>((least < 127.0F ? least : 127.0F) + 128.5F) - 128;
}

// An estimate that is no number would put an order out of order; it becomes the last.
float ordered(float estimate) {
    return estimate == estimate ? estimate : -std::numeric_limits<float>::max();
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
    std::unique_ptr<ChunkSource> records,
    std::unique_ptr<ChunkSource> bytes
)
    : rotation_(rotation),
      distance_(distance),
      frame_(std::move(frame)),
      bit_words_(
          by_products() && rotation.padded() >= kMinBitDimensions ? rotation.padded() / 64 : 0
      ),
      records_(whole_lines(sizeof(Header) + bit_words_ * 8), std::move(records)),
      bytes_(rotation.padded(), std::move(bytes)) {
    CHECK(frame_.centre.size() == rotation.dimensions());
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
        centred[i] = vector[i] - frame_.centre[i];
    rotation_.apply(centred, out);
    return out;
}

void VectorCodes::put(Row row, std::span<const float> vector) {
    if (by_products()) {
        code_products(row, vector);
    } else {
        code_values(vector, bytes_.at<std::uint8_t>(row));
    }
}

void VectorCodes::code_values(std::span<const float> vector, std::uint8_t* bytes) const {
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
    header.base = dot ? vector_kernels().dot(frame_.centre.data(), vector.data(), vector.size())
                      : -norms.squared;
    header.bit_factor = norms.absolute > 0 ? factor * norms.squared / norms.absolute : 0;
    header.byte_factor = factor * header.scale;
}

void VectorCodes::prepare(std::span<const float> vector, Query& query) const {
    query.bytes.assign(rotation_.padded(), 0);
    if (!by_products()) return code_values(vector, query.bytes.data());
    const std::span<const float> rotated = this->rotated(vector);
    const float most = largest(rotated);
    query.byte_scale = most / 127;
    const float inverse = most > 0 ? 127 / most : 0;
    for (std::size_t i = 0; i < rotated.size(); ++i)
        query.bytes[i] = static_cast<std::uint8_t>(rounded(rotated[i] * inverse) + 128);
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

void VectorCodes::estimate(const Query& query, std::span<const Row> rows, float* out) const {
    if (bit_words_ == 0) return estimate_by_bytes(query, rows, out);
    const auto masked_sums = vector_kernels().masked_sums;
    const std::size_t record_bytes = records_.row_bytes();
    std::array<const std::byte*, kBatch> records{};
    std::array<const std::uint64_t*, kBatch> codes{};
    std::array<std::uint32_t, kBatch> masked{};
    while (!rows.empty()) {
        const std::size_t count = std::min(rows.size(), kBatch);
        for (std::size_t i = 0; i < count; ++i) {
            records[i] = records_.at(rows[i]);
            codes[i] = reinterpret_cast<const std::uint64_t*>(records[i] + sizeof(Header));
            prefetch(records[i], record_bytes);
        }
        masked_sums(codes.data(), count, query.planes.data(), bit_words_, masked.data());
        for (std::size_t i = 0; i < count; ++i) {
            const auto& record = *reinterpret_cast<const Header*>(records[i]);
            const float positive =
                query.low * record.bit_count + query.step * static_cast<float>(masked[i]);
            out[i] = ordered(record.base + record.bit_factor * (2 * positive - query.sum));
        }
        rows = rows.subspan(count);
        out += count;
    }
}

void VectorCodes::estimate_by_bytes(const Query& query, std::span<const Row> rows, float* out)
    const {
    if (!by_products()) return estimate_values(query, rows, out);
    const auto dot_bytes = vector_kernels().dot_bytes;
    const auto prefetch_row = [this](Row row) {
        __builtin_prefetch(records_.at(row));
        prefetch(bytes_.at(row), rotation_.padded());
    };
    for (std::size_t i = 0; i < std::min(kAhead, rows.size()); ++i)
        prefetch_row(rows[i]);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i + kAhead < rows.size()) prefetch_row(rows[i + kAhead]);
        const Header& record = header(rows[i]);
        const std::int32_t product =
            dot_bytes(query.bytes.data(), bytes_.at<std::int8_t>(rows[i]), rotation_.padded()) -
            128 * record.byte_sum;
        out[i] = ordered(
            record.base + record.byte_factor * query.byte_scale * static_cast<float>(product)
        );
    }
}

void VectorCodes::estimate_values(const Query& query, std::span<const Row> rows, float* out) const {
    const VectorKernels& kernels = vector_kernels();
    const auto sum =
        distance_ == Distance::hamming ? kernels.hamming_bytes : kernels.manhattan_bytes;
    const float unit = distance_ == Distance::hamming ? 1.0F : frame_.step;
    const std::size_t n = rotation_.padded();
    for (std::size_t i = 0; i < std::min(kAhead, rows.size()); ++i)
        prefetch(bytes_.at(rows[i]), n);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i + kAhead < rows.size()) prefetch(bytes_.at(rows[i + kAhead]), n);
        const std::uint32_t differing =
            sum(query.bytes.data(), bytes_.at<std::uint8_t>(rows[i]), n);
        out[i] = ordered(-unit * static_cast<float>(differing));
    }
}

void VectorCodes::prepare_row(Row row, Query& query) const {
    const std::size_t n = rotation_.padded();
    const auto* const bytes = bytes_.at<std::uint8_t>(row);
    query.bytes.assign(bytes, bytes + n);
    if (!by_products()) return;
    query.byte_scale = header(row).scale;
    for (std::uint8_t& byte : query.bytes)
        byte ^= 0x80U;
}

}  // namespace moat::index
