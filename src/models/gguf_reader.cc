#include "models/gguf_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "models/gguf_types.h"

namespace moat::models {

static_assert(std::endian::native == std::endian::little, "GGUF is read in place");

enum class GgufReader::Type : std::uint32_t {
    u8,
    i8,
    u16,
    i16,
    u32,
    i32,
    f32,
    boolean,
    string,
    array,
    u64,
    i64,
    f64
};

namespace {

constexpr std::size_t kWindowBytes = std::size_t{1} << 18;
constexpr std::uint32_t kMaxDimensions = 4;
constexpr std::uint64_t kMaxNameBytes = 1 << 16;

// Bytes of one value; 0 for strings and arrays, which differ.
constexpr std::array<std::uint64_t, 13> kWidths = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

// The double that prints as the float does: 1e-06, not 9.999999974752427e-07.
double widen(float number) {
    if (!std::isfinite(number)) return number;
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number);
    double out = number;
    std::from_chars(buffer, end.ptr, out);
    return out;
}

// False when a * b does not fit.
bool multiply(std::uint64_t a, std::uint64_t b, std::uint64_t& out) {
    return !__builtin_mul_overflow(a, b, &out);
}

}  // namespace

GgufReader::GgufReader(const RandomAccess& bytes, const GgufReadOptions& options)
    : bytes_(bytes), options_(options) {}

Error GgufReader::truncated() const {
    return Error{
        ErrorCode::corrupt,
        fmt::format(
            "{} is truncated: it ends after {} bytes, within {}",
            options_.name,
            bytes_.size(),
            doing_
        )
    };
}

Error GgufReader::damaged(const std::string& what) const {
    return Error{ErrorCode::corrupt, fmt::format("{} is damaged: {}", options_.name, what)};
}

Status GgufReader::take(std::span<std::byte> out) {
    if (out.size() > left()) return truncated();
    while (!out.empty()) {
        const bool inside =
            position_ >= window_start_ && position_ < window_start_ + window_.size();
        if (!inside) {
            window_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kWindowBytes, left())));
            window_start_ = position_;
            TRY(bytes_.read(position_, window_));
        }
        const auto from = static_cast<std::size_t>(position_ - window_start_);
        const std::size_t count = std::min(out.size(), window_.size() - from);
        std::memcpy(out.data(), window_.data() + from, count);
        out = out.subspan(count);
        position_ += count;
    }
    return Ok{};
}

Status GgufReader::skip(std::uint64_t count) {
    if (count > left()) return truncated();
    position_ += count;
    return Ok{};
}

template <class T>
    requires std::is_trivially_copyable_v<T>
Result<T> GgufReader::take_number() {
    std::array<std::byte, sizeof(T)> raw{};
    TRY(take(raw));
    return std::bit_cast<T>(raw);
}

Result<std::string> GgufReader::take_string() {
    TRY_ASSIGN(const auto length, take_number<std::uint64_t>());
    if (length > left()) return truncated();
    std::string text(static_cast<std::size_t>(length), '\0');
    TRY(take(std::as_writable_bytes(std::span(text))));
    return text;
}

Result<GgufFile> GgufReader::read() {
    std::uint64_t tensor_count = 0;
    std::uint64_t entry_count = 0;
    TRY(read_header(tensor_count, entry_count));
    for (std::uint64_t i = 0; i < entry_count; ++i) {
        doing_ = fmt::format("entry {} of {} of its metadata", i + 1, entry_count);
        TRY_ASSIGN(auto entry, read_entry());
        file_.metadata.push_back(std::move(entry));
    }
    for (std::uint64_t i = 0; i < tensor_count; ++i) {
        doing_ = fmt::format("entry {} of {} of its table of tensors", i + 1, tensor_count);
        TRY_ASSIGN(auto tensor, read_tensor());
        file_.tensors.push_back(std::move(tensor));
    }
    TRY(place_tensors());
    return std::move(file_);
}

Status GgufReader::read_header(std::uint64_t& tensor_count, std::uint64_t& entry_count) {
    if (bytes_.size() < 4) return Error{ErrorCode::corrupt, options_.name + " is not a GGUF file"};
    std::array<std::byte, 4> magic{};
    TRY(take(magic));
    if (text_of(magic) != "GGUF")
        return Error{ErrorCode::corrupt, options_.name + " is not a GGUF file"};

    TRY_ASSIGN(file_.version, take_number<std::uint32_t>());
    if ((file_.version & 0xffff) == 0 && file_.version != 0)
        return Error{ErrorCode::unsupported, options_.name + " is a big-endian GGUF file"};
    if (file_.version != 2 && file_.version != 3) {
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "{} is of GGUF version {}; versions 2 and 3 can be read",
                options_.name,
                file_.version
            )
        };
    }
    TRY_ASSIGN(tensor_count, take_number<std::uint64_t>());
    TRY_ASSIGN(entry_count, take_number<std::uint64_t>());
    if (entry_count > options_.max_metadata)
        return damaged(fmt::format("it claims {} metadata entries", entry_count));
    if (tensor_count > options_.max_tensors)
        return damaged(fmt::format("it claims {} tensors", tensor_count));
    return Ok{};
}

Result<GgufEntry> GgufReader::read_entry() {
    GgufEntry entry;
    TRY_ASSIGN(entry.key, take_string());
    if (entry.key.empty() || entry.key.size() > kMaxNameBytes)
        return damaged("a metadata key has no name or one too long");
    if (file_.find(entry.key))
        return damaged(fmt::format("metadata key {} comes twice", entry.key));
    TRY_ASSIGN(const auto type, take_number<std::uint32_t>());
    if (type >= kWidths.size())
        return damaged(fmt::format("metadata key {} has unknown type {}", entry.key, type));
    if (static_cast<Type>(type) == Type::array) {
        TRY_ASSIGN(entry.value, read_array(entry.array_length));
    } else {
        TRY_ASSIGN(entry.value, read_value(static_cast<Type>(type)));
    }
    return entry;
}

Result<json::Value> GgufReader::read_value(Type type) {
    const auto number = [](const auto& taken) -> Result<json::Value> {
        if (!taken) return taken.error();
        return json::Value(*taken);
    };
    switch (type) {
        case Type::u8:
            return number(take_number<std::uint8_t>());
        case Type::i8:
            return number(take_number<std::int8_t>());
        case Type::u16:
            return number(take_number<std::uint16_t>());
        case Type::i16:
            return number(take_number<std::int16_t>());
        case Type::u32:
            return number(take_number<std::uint32_t>());
        case Type::i32:
            return number(take_number<std::int32_t>());
        case Type::u64:
            return number(take_number<std::uint64_t>());
        case Type::i64:
            return number(take_number<std::int64_t>());
        case Type::f64:
            return number(take_number<double>());
        case Type::f32: {
            TRY_ASSIGN(const float value, take_number<float>());
            return json::Value(widen(value));
        }
        case Type::boolean: {
            TRY_ASSIGN(const auto value, take_number<std::uint8_t>());
            return json::Value(value != 0);
        }
        case Type::string: {
            TRY_ASSIGN(const auto text, take_string());
            return json::Value(to_valid_utf8(text));
        }
        case Type::array:
            break;
    }
    return damaged("it has arrays of arrays");
}

Result<json::Value> GgufReader::read_array(std::uint64_t& length) {
    TRY_ASSIGN(const auto type, take_number<std::uint32_t>());
    TRY_ASSIGN(length, take_number<std::uint64_t>());
    if (type >= kWidths.size()) return damaged(fmt::format("it has an array of type {}", type));
    if (static_cast<Type>(type) == Type::array) return damaged("it has arrays of arrays");
    // Whatever it holds, a value takes at least one byte: no claim may outgrow the file.
    if (length > left()) return truncated();

    if (length > options_.max_array_length) {
        TRY(skip_values(static_cast<Type>(type), length));
        return json::Value(nullptr);
    }
    json::Array out;
    out.reserve(static_cast<std::size_t>(length));
    for (std::uint64_t i = 0; i < length; ++i) {
        TRY_ASSIGN(auto value, read_value(static_cast<Type>(type)));
        out.push_back(std::move(value));
    }
    return json::Value(std::move(out));
}

Status GgufReader::skip_values(Type type, std::uint64_t count) {
    std::uint64_t total = 0;
    if (const auto width = kWidths[static_cast<std::size_t>(type)]; width != 0) {
        if (!multiply(width, count, total)) return truncated();
        return skip(total);
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        TRY_ASSIGN(const auto length, take_number<std::uint64_t>());
        TRY(skip(length));
    }
    return Ok{};
}

Result<GgufTensor> GgufReader::read_tensor() {
    GgufTensor tensor;
    TRY_ASSIGN(tensor.name, take_string());
    if (tensor.name.size() > kMaxNameBytes) return damaged("a tensor's name is too long");
    TRY_ASSIGN(const auto dimensions, take_number<std::uint32_t>());
    if (dimensions > kMaxDimensions)
        return damaged(fmt::format("tensor {} has {} dimensions", tensor.name, dimensions));
    std::uint64_t values = 1;
    for (std::uint32_t i = 0; i < dimensions; ++i) {
        TRY_ASSIGN(const auto length, take_number<std::uint64_t>());
        if (!multiply(values, length, values) || values > std::numeric_limits<std::int64_t>::max())
            return damaged(fmt::format("tensor {} is too large", tensor.name));
        tensor.shape.push_back(length);
    }
    TRY_ASSIGN(tensor.type, take_number<std::uint32_t>());
    TRY_ASSIGN(tensor.offset, take_number<std::uint64_t>());

    const auto type = tensor_type(tensor.type);
    if (!type) {
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "{}: tensor {} is of type {}, which is not known here",
                options_.name,
                tensor.name,
                tensor.type
            )
        };
    }
    const std::uint64_t row = tensor.shape.empty() ? 1 : tensor.shape.front();
    if (row % type->block_values != 0)
        return damaged(fmt::format("tensor {} cannot be of type {}", tensor.name, type->name));
    if (!multiply(values / type->block_values, type->block_bytes, tensor.bytes))
        return damaged(fmt::format("tensor {} is too large", tensor.name));
    return tensor;
}

// Offsets in the table count from the end of the head, rounded up to the alignment.
Status GgufReader::place_tensors() {
    const std::int64_t alignment = file_.int_or("general.alignment", 32);
    if (alignment < 1 || alignment > (1 << 20) ||
        !std::has_single_bit(static_cast<std::uint64_t>(alignment)))
        return damaged(fmt::format("its alignment is {}", alignment));
    const auto step = static_cast<std::uint64_t>(alignment);
    const std::uint64_t start = (position_ + step - 1) / step * step;
    for (GgufTensor& tensor : file_.tensors) {
        if (tensor.offset % step != 0)
            return damaged(fmt::format("tensor {} is not aligned", tensor.name));
        std::uint64_t end = 0;
        if (__builtin_add_overflow(start, tensor.offset, &tensor.offset) ||
            __builtin_add_overflow(tensor.offset, tensor.bytes, &end))
            return damaged(fmt::format("tensor {} lies beyond any file", tensor.name));
        if (end > bytes_.size()) {
            return Error{
                ErrorCode::corrupt,
                fmt::format(
                    "{} is truncated: tensor {} ends at byte {}, but the file has {}",
                    options_.name,
                    tensor.name,
                    end,
                    bytes_.size()
                )
            };
        }
    }
    return Ok{};
}

}  // namespace moat::models
