#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "index/distance.h"
#include "index/rotation.h"
#include "index/row_array.h"

namespace moat::index {

// Bits for each value of a vector, besides its sign bit.
enum class CodeWidth : std::uint8_t { eight = 8, four = 4 };

// Short codes of vectors, and estimates of how near two vectors are from the codes alone. An
// estimate is larger for nearer vectors, and comparable between rows for one query.
//
// cosine (of normalised vectors), dot, l2: a vector x is coded as c = rotate(x - centre), one byte
// for each value, scaled to the vector's largest, and, for 512 dimensions or more, one sign bit for
// each. The estimate is 2 <q', c> - |c|^2, or <q', c> + <centre, x> for dot, with
// q' = rotate(q - centre). Of four bits: 16 steps of a third of the values' root mean square, which
// suits values that a rotation made alike, and a factor that makes <c, code> right.
// manhattan: a byte for each value of x - centre in steps of one size, 127 at most either way; the
// estimate is minus the sum of differences. hamming: a byte of hash for each value; the estimate
// is minus the number of bytes that differ, which is never more than of values. Neither has bits.
//
// Source: RaBitQ (SIGMOD 2024) for the sign bits with the factor |c|^2 / |c|_1 and the 4-bit query;
// its extension (SIGMOD 2025) for the like factor of four bits.
// Cost, 768 dimensions: coding 3 us; an estimate by bits 8 ns and by bytes 15 ns when in cache.
// Threads: one writer, any number of readers of rows they were told of.
class VectorCodes {
  public:
    // What codes are relative to, learnt from a sample of the vectors.
    struct Frame {
        std::vector<float> centre;  // of all dimensions: what the vectors have in common
        float step = 0;             // manhattan: of one byte
    };
    // `values` are whole vectors, at least one.
    static Frame learn(std::span<const std::span<const float>> values, Distance distance);

    // Borrows `rotation`, whose dimensions the frame has. The sources are of the two arrays.
    // manhattan and hamming have eight bits whatever `width` says.
    VectorCodes(
        const Rotation& rotation,
        Distance distance,
        Frame frame,
        CodeWidth width = CodeWidth::eight,
        std::unique_ptr<ChunkSource> records = std::make_unique<MemoryChunks>(),
        std::unique_ptr<ChunkSource> values = std::make_unique<MemoryChunks>()
    );
    static CodeWidth possible(Distance distance, CodeWidth wanted);

    Status grow_to(Row end);
    // `vector` normalised when the distance is cosine. Writer only.
    void put(Row row, std::span<const float> vector);

    bool has_bits() const { return bit_words_ > 0; }
    CodeWidth width() const { return width_; }
    const Frame& frame() const { return frame_; }

    // A query made ready. Of one thread.
    struct Query {
        std::vector<std::uint8_t> bytes;  // biased by 128; signed, for codes of four bits
        float byte_scale = 0;
        std::int32_t byte_sum = 0;  // for codes of four bits
        std::vector<std::uint64_t> planes;
        float low = 0;
        float step = 0;
        float sum = 0;
    };
    void prepare(std::span<const float> vector, Query& query) const;

    // The estimate from the sign bits, or by refine() where there are none.
    void estimate(const Query& query, std::span<const Row> rows, float* out) const;
    // The estimate from the values.
    void refine(const Query& query, std::span<const Row> rows, float* out) const;
    // Makes the vector of a row the query, for refine() alone. Such an estimate plus
    // base(row) is symmetric, and comparable between pairs of rows.
    void prepare_row(Row row, Query& query) const;
    float base(Row row) const { return header(row).base; }

    // For storing: the two arrays that hold all there is of a row.
    RowArray& records() { return records_; }
    RowArray& values() { return values_; }

  private:
    struct Header {
        float base = 0;          // of the estimate
        float bit_factor = 0;    // of the sum over signs
        float bit_count = 0;     // set bits
        float value_factor = 0;  // of the product of values
        std::int32_t byte_sum = 0;
        float scale = 0;  // of the values
        std::int32_t unused[2] = {};
    };
    static_assert(sizeof(Header) == 32);

    bool by_products() const { return uses_products(distance_); }
    static bool uses_products(Distance distance) {
        return distance != Distance::manhattan && distance != Distance::hamming;
    }
    // About the centre, and rotated. Valid until the next call on this thread.
    std::span<const float> rotated(std::span<const float> vector) const;
    void code_products(Row row, std::span<const float> vector);
    void code_bytes(std::span<const float> rotated, Header& header, std::int8_t* bytes) const;
    void code_nibbles(std::span<const float> rotated, Header& header, std::uint8_t* nibbles) const;
    void code_differences(std::span<const float> vector, std::uint8_t* bytes) const;
    void prepare_planes(std::span<const float> rotated, Query& query) const;
    void refine_bytes(const Query& query, std::span<const Row> rows, float* out) const;
    void refine_nibbles(const Query& query, std::span<const Row> rows, float* out) const;
    void refine_differences(const Query& query, std::span<const Row> rows, float* out) const;
    void prefetch_values(Row row) const;

    const Header& header(Row row) const { return *records_.at<Header>(row); }
    const std::uint64_t* bits(Row row) const {
        return reinterpret_cast<const std::uint64_t*>(records_.at(row) + sizeof(Header));
    }

    const Rotation& rotation_;
    const Distance distance_;
    const Frame frame_;
    const CodeWidth width_;
    const std::size_t bit_words_;  // of a row; 0: values only
    RowArray records_;             // header, then bits
    RowArray values_;
};

}  // namespace moat::index
