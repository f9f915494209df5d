#include "models/convert/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <iterator>
#include <numeric>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/json.h"

namespace moat::models {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are read in place");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxTableBytes = std::uint64_t{32} << 20;  // 70 B models have 100 kB
constexpr std::size_t kMaxDimensions = 8;
constexpr std::size_t kMaxNameBytes = 512;

struct NumberType {
    std::string_view name;
    std::uint64_t bytes;
    WeightType type;
};

constexpr NumberType kNumberTypes[] = {
    {"F32", 4, WeightType::f32},
    {"F16", 2, WeightType::f16},
    {"BF16", 2, WeightType::bf16},
    {"F64", 8, WeightType::other},
    {"I64", 8, WeightType::other},
    {"I32", 4, WeightType::other},
    {"I16", 2, WeightType::other},
    {"I8", 1, WeightType::other},
    {"U64", 8, WeightType::other},
    {"U32", 4, WeightType::other},
    {"U16", 2, WeightType::other},
    {"U8", 1, WeightType::other},
    {"BOOL", 1, WeightType::other},
    {"F8_E4M3", 1, WeightType::other},
    {"F8_E5M2", 1, WeightType::other},
    {"F8_E8M0", 1, WeightType::other},
};

Error damaged(const std::string& name, const std::string& what) {
    return Error{ErrorCode::corrupt, fmt::format("{} is damaged: {}", name, what)};
}

// A JSON number that counts something; nothing for any other value.
std::optional<std::uint64_t> count_of(const json::Value& value) {
    if (value.is_uint64()) return value.get_uint64();
    if (value.is_int64() && value.get_int64() >= 0)
        return static_cast<std::uint64_t>(value.get_int64());
    return std::nullopt;
}

// Reads one entry of the table: {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}.
class EntryReader {
  public:
    EntryReader(const std::string& file, std::string_view tensor, const json::Value& entry)
        : file_(file), tensor_(tensor), entry_(entry) {}

    Result<SafeTensor> read() const {
        SafeTensor out;
        out.name = tensor_;
        if (tensor_.empty() || tensor_.size() > kMaxNameBytes)
            return damaged(file_, "a tensor has no name or one too long");
        TRY_ASSIGN(const std::uint64_t width, read_type(out));
        TRY(read_shape(out));
        TRY(read_place(out));
        std::uint64_t expected = width;
        for (const std::uint64_t length : out.shape)
            if (__builtin_mul_overflow(expected, length, &expected)) return wrong("is too large");
        if (expected != out.bytes) {
            return wrong(
                fmt::format("takes {} bytes by its shape, but {} by its place", expected, out.bytes)
            );
        }
        return out;
    }

  private:
    Error wrong(const std::string& what) const {
        return damaged(file_, fmt::format("tensor {} {}", to_valid_utf8(tensor_), what));
    }

    Result<std::uint64_t> read_type(SafeTensor& out) const {
        const auto* text = json::find_string(entry_, "dtype");
        if (!text) return wrong("has no type");
        out.type_name = json::view(*text);
        const auto found = std::ranges::find(kNumberTypes, out.type_name, &NumberType::name);
        if (found == std::end(kNumberTypes)) {
            return Error{
                ErrorCode::unsupported,
                fmt::format(
                    "{}: tensor {} is of type {}, which is not known here",
                    file_,
                    to_valid_utf8(tensor_),
                    out.type_name.substr(0, 32)
                )
            };
        }
        out.type = found->type;
        return found->bytes;
    }

    Status read_shape(SafeTensor& out) const {
        const auto* shape = json::find_array(entry_, "shape");
        if (!shape || shape->size() > kMaxDimensions)
            return wrong("has no shape or too deep a one");
        for (const json::Value& value : *shape) {
            const auto length = count_of(value);
            if (!length) return wrong("has a shape of something else than counts");
            out.shape.push_back(*length);
        }
        return Ok{};
    }

    Status read_place(SafeTensor& out) const {
        const auto* place = json::find_array(entry_, "data_offsets");
        if (!place || place->size() != 2) return wrong("has no place");
        const auto begin = count_of((*place)[0]);
        const auto end = count_of((*place)[1]);
        if (!begin || !end || *begin > *end) return wrong("has no place that makes sense");
        out.offset = *begin;
        out.bytes = *end - *begin;
        return Ok{};
    }

    const std::string& file_;
    std::string_view tensor_;
    const json::Value& entry_;
};

Result<json::Value> read_table(const RandomAccess& bytes, const std::string& name) {
    const Error other{ErrorCode::corrupt, name + " is not a safetensors file"};
    if (bytes.size() <= kLengthBytes) return other;
    std::uint64_t length = 0;
    TRY(bytes.read(0, std::as_writable_bytes(std::span(&length, 1))));
    // What is not such a file has here a length beyond any: this tells the two apart.
    if (length > bytes.size() - kLengthBytes || length > kMaxTableBytes || length < 2) return other;
    std::string text(static_cast<std::size_t>(length), '\0');
    TRY(bytes.read(kLengthBytes, std::as_writable_bytes(std::span(text))));
    if (text.front() != '{') return other;
    auto table = json::read(text, {.max_depth = 8});
    if (!table) return damaged(name, "its table is not JSON: " + table.error().message);
    if (!table->is_object()) return other;
    return table;
}

// Tensors follow each other without gap or overlap, and the last ends where the file does.
Status place(
    std::vector<SafeTensor>& tensors,
    std::uint64_t data,
    const RandomAccess& bytes,
    const std::string& name
) {
    std::ranges::sort(tensors, [](const SafeTensor& a, const SafeTensor& b) {
        return a.offset != b.offset ? a.offset < b.offset : a.bytes < b.bytes;
    });
    std::uint64_t end = 0;
    for (SafeTensor& tensor : tensors) {
        const char* fault = tensor.offset < end ? "overlaps another" : "follows a gap";
        if (tensor.offset != end)
            return damaged(name, fmt::format("tensor {} {}", to_valid_utf8(tensor.name), fault));
        if (tensor.bytes > bytes.size() - data - end) {
            return Error{
                ErrorCode::corrupt,
                fmt::format(
                    "{} is truncated: tensor {} goes beyond its end",
                    name,
                    to_valid_utf8(tensor.name)
                )
            };
        }
        end += tensor.bytes;
        tensor.offset += data;
    }
    if (data + end != bytes.size())
        return damaged(
            name, fmt::format("{} bytes follow its last tensor", bytes.size() - data - end)
        );
    return Ok{};
}

}  // namespace

std::uint64_t SafeTensor::values() const {
    return std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>());
}

Result<std::vector<SafeTensor>> read_safetensors(
    const RandomAccess& bytes, const std::string& name
) {
    TRY_ASSIGN(const json::Value table, read_table(bytes, name));
    std::uint64_t length = 0;
    TRY(bytes.read(0, std::as_writable_bytes(std::span(&length, 1))));
    std::vector<SafeTensor> tensors;
    for (const auto& [key, entry] : table.get_object()) {
        if (key == "__metadata__") continue;
        TRY_ASSIGN(auto tensor, EntryReader(name, {key.data(), key.size()}, entry).read());
        tensors.push_back(std::move(tensor));
    }
    TRY(place(tensors, kLengthBytes + length, bytes, name));
    return tensors;
}

}  // namespace moat::models
