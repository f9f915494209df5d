#include <algorithm>
#include <array>
#include <limits>

#include "index/vector_codes.h"
#include "index/vector_kernels.h"

// How near coded vectors are: what VectorCodes does for a search.
namespace moat::index {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kAhead = 4;   // rows of values prefetched before they are read
constexpr std::size_t kBatch = 64;  // rows of bits prefetched at a time

void prefetch(const std::byte* from, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at += kLine)
        __builtin_prefetch(from + at);
}

// An estimate that is no number would put an order out of order; it becomes the last.
float ordered(float estimate) {
    return estimate == estimate ? estimate : -std::numeric_limits<float>::max();
}

template <class Fetch, class Work>
void for_each_ahead(std::span<const Row> rows, Fetch fetch, Work work) {
    for (std::size_t i = 0; i < std::min(kAhead, rows.size()); ++i)
        fetch(rows[i]);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i + kAhead < rows.size()) fetch(rows[i + kAhead]);
        work(i);
    }
}

}  // namespace

void VectorCodes::estimate(const Query& query, std::span<const Row> rows, float* out) const {
    if (bit_words_ == 0) return refine(query, rows, out);
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

void VectorCodes::refine(const Query& query, std::span<const Row> rows, float* out) const {
    if (!by_products()) return refine_differences(query, rows, out);
    if (width_ == CodeWidth::four) return refine_nibbles(query, rows, out);
    refine_bytes(query, rows, out);
}

void VectorCodes::prefetch_values(Row row) const {
    if (by_products()) __builtin_prefetch(records_.at(row));
    prefetch(values_.at(row), values_.row_bytes());
}

void VectorCodes::refine_bytes(const Query& query, std::span<const Row> rows, float* out) const {
    const auto dot_bytes = vector_kernels().dot_bytes;
    for_each_ahead(
        rows,
        [this](Row row) { prefetch_values(row); },
        [&](std::size_t i) {
            const Header& record = header(rows[i]);
            const std::int32_t product =
                dot_bytes(
                    query.bytes.data(), values_.at<std::int8_t>(rows[i]), rotation_.padded()
                ) -
                128 * record.byte_sum;
            out[i] = ordered(
                record.base + record.value_factor * query.byte_scale * static_cast<float>(product)
            );
        }
    );
}

void VectorCodes::refine_nibbles(const Query& query, std::span<const Row> rows, float* out) const {
    const auto dot_nibbles = vector_kernels().dot_nibbles;
    const auto* const bytes = reinterpret_cast<const std::int8_t*>(query.bytes.data());
    for_each_ahead(
        rows,
        [this](Row row) { prefetch_values(row); },
        [&](std::size_t i) {
            const Header& record = header(rows[i]);
            // A level u is of the value 2 u - 15.
            const std::int32_t levels =
                dot_nibbles(values_.at<std::uint8_t>(rows[i]), bytes, rotation_.padded());
            const std::int32_t product = 2 * levels - 15 * query.byte_sum;
            out[i] = ordered(
                record.base + record.value_factor * query.byte_scale * static_cast<float>(product)
            );
        }
    );
}

void VectorCodes::refine_differences(const Query& query, std::span<const Row> rows, float* out)
    const {
    const VectorKernels& kernels = vector_kernels();
    const auto sum =
        distance_ == Distance::hamming ? kernels.hamming_bytes : kernels.manhattan_bytes;
    const float unit = distance_ == Distance::hamming ? 1.0F : frame_.step;
    for_each_ahead(
        rows,
        [this](Row row) { prefetch_values(row); },
        [&](std::size_t i) {
            const std::uint32_t differing =
                sum(query.bytes.data(), values_.at<std::uint8_t>(rows[i]), rotation_.padded());
            out[i] = ordered(-unit * static_cast<float>(differing));
        }
    );
}

void VectorCodes::prepare_row(Row row, Query& query) const {
    const std::size_t n = rotation_.padded();
    const auto* const values = values_.at<std::uint8_t>(row);
    if (width_ == CodeWidth::eight) {
        query.bytes.assign(values, values + n);
        if (!by_products()) return;
        query.byte_scale = header(row).scale;
        for (std::uint8_t& byte : query.bytes)
            byte ^= 0x80U;
        return;
    }
    query.bytes.resize(n);
    query.byte_scale = header(row).scale;
    std::int32_t sum = 0;
    for (std::size_t at = 0; at < n; at += 64) {
        for (std::size_t i = 0; i < 32; ++i) {
            const int low = 2 * (values[at / 2 + i] & 15) - 15;
            const int high = 2 * (values[at / 2 + i] >> 4) - 15;
            query.bytes[at + i] = static_cast<std::uint8_t>(low);
            query.bytes[at + 32 + i] = static_cast<std::uint8_t>(high);
            sum += low + high;
        }
    }
    query.byte_sum = sum;
}

}  // namespace moat::index
