#include "models/convert/tensor_stream.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include <fmt/format.h>

namespace moat::models {
namespace {

constexpr std::uint64_t kPieceBytes = std::uint64_t{4} << 20;  // of what is read

std::uint64_t bytes_per_value(WeightType type) {
    return type == WeightType::f32 ? 4 : 2;
}

bool stored_alike(WeightType in, OutputType out) {
    return (in == WeightType::f32 && out == OutputType::f32) ||
           (in == WeightType::f16 && out == OutputType::f16) ||
           (in == WeightType::bf16 && out == OutputType::bf16);
}

void to_floats(WeightType type, std::span<const std::byte> in, std::span<float> out) {
    if (type == WeightType::f32) {
        std::memcpy(out.data(), in.data(), in.size());
    } else if (type == WeightType::f16) {
        for (std::size_t i = 0; i < out.size(); ++i) {
            _Float16 value = 0;
            std::memcpy(&value, in.data() + i * sizeof value, sizeof value);
            out[i] = static_cast<float>(value);
        }
    } else {
        for (std::size_t i = 0; i < out.size(); ++i) {
            std::uint16_t upper = 0;
            std::memcpy(&upper, in.data() + i * sizeof upper, sizeof upper);
            out[i] = std::bit_cast<float>(std::uint32_t{upper} << 16);
        }
    }
}

// To the nearest, of two the even one; a number that is none stays none.
std::uint16_t to_bf16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
    return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// False when a number is beyond F16.
bool from_floats(OutputType type, std::span<const float> in, std::span<std::byte> out) {
    bool fits = true;
    if (type == OutputType::f32) {
        std::memcpy(out.data(), in.data(), out.size());
    } else if (type == OutputType::f16) {
        for (std::size_t i = 0; i < in.size(); ++i) {
            const auto value = static_cast<_Float16>(in[i]);
            fits = fits && (std::isfinite(static_cast<float>(value)) || !std::isfinite(in[i]));
            std::memcpy(out.data() + i * sizeof value, &value, sizeof value);
        }
    } else {
        for (std::size_t i = 0; i < in.size(); ++i) {
            const std::uint16_t value = to_bf16(in[i]);
            std::memcpy(out.data() + i * sizeof value, &value, sizeof value);
        }
    }
    return fits;
}

// The published row that becomes row `row` of a matrix whose heads are interleaved: of each head
// the first halves's rows go to even places, the second half's to odd ones.
std::uint64_t source_row(std::uint64_t row, std::uint64_t rows_per_head) {
    const std::uint64_t head = row / rows_per_head;
    const std::uint64_t within = row % rows_per_head;
    return head * rows_per_head + within % 2 * (rows_per_head / 2) + within / 2;
}

class TensorStream {
  public:
    TensorStream(const PlannedTensor& tensor, const WeightFiles& weights)
        : tensor_(tensor),
          weights_(weights),
          rows_(tensor.shape.back()),
          row_values_(tensor.values() / rows_),
          row_bytes_(row_values_ * bytes_per_value(tensor.source->head.type)),
          same_(stored_alike(tensor.source->head.type, tensor.type)) {}

    // Rows [begin, begin + count), as they are to be written.
    Result<BytesView> rows(std::uint64_t begin, std::uint64_t count) {
        raw_.resize(static_cast<std::size_t>(count * row_bytes_));
        TRY(fill(begin, count));
        if (same_ && tensor_.added == 0) return BytesView(raw_);
        floats_.resize(static_cast<std::size_t>(count * row_values_));
        to_floats(tensor_.source->head.type, raw_, floats_);
        if (tensor_.added != 0)
            for (float& value : floats_)
                value += tensor_.added;
        out_.resize(floats_.size() * moat::models::bytes_per_value(tensor_.type));
        if (from_floats(tensor_.type, floats_, out_)) return BytesView(out_);
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "tensor {} holds numbers beyond F16: convert the model to BF16 or F32", tensor_.name
            )
        };
    }

    std::uint64_t row_count() const { return rows_; }
    std::uint64_t rows_per_piece() const {
        return std::max<std::uint64_t>(1, kPieceBytes / row_bytes_);
    }

  private:
    Status fill(std::uint64_t begin, std::uint64_t count) {
        const std::span<std::byte> out(raw_);
        if (tensor_.interleaved_heads == 0)
            return weights_.read(*tensor_.source, (tensor_.skipped_rows + begin) * row_bytes_, out);
        const std::uint64_t per_head = rows_ / tensor_.interleaved_heads;
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto row = static_cast<std::size_t>(row_bytes_);
            const std::uint64_t from = source_row(begin + i, per_head) * row_bytes_;
            TRY(weights_.read(
                *tensor_.source, from, out.subspan(static_cast<std::size_t>(i) * row, row)
            ));
        }
        return Ok{};
    }

    const PlannedTensor& tensor_;
    const WeightFiles& weights_;
    const std::uint64_t rows_;
    const std::uint64_t row_values_;
    const std::uint64_t row_bytes_;
    const bool same_;  // before and after
    Bytes raw_;
    std::vector<float> floats_;
    Bytes out_;
};

}  // namespace

Status write_tensor(
    const PlannedTensor& tensor,
    const WeightFiles& weights,
    GgufOutput& output,
    const WrittenSink& written,
    const std::stop_token& stop
) {
    if (!tensor.source) {
        TRY(output.write(std::as_bytes(std::span(tensor.constants))));
        return output.end_tensor();
    }
    TensorStream stream(tensor, weights);
    const std::uint64_t step = stream.rows_per_piece();
    for (std::uint64_t row = 0; row < stream.row_count(); row += step) {
        if (stop.stop_requested())
            return Error{ErrorCode::cancelled, "the conversion was cancelled"};
        TRY_ASSIGN(const auto bytes, stream.rows(row, std::min(step, stream.row_count() - row)));
        TRY(output.write(bytes));
        written(bytes.size());
    }
    return output.end_tensor();
}

}  // namespace moat::models
