#include "models/convert/proto_reader.h"

#include <bit>
#include <cstring>

namespace moat::models {
namespace {

// Wire types.
constexpr std::uint64_t kVarint = 0;
constexpr std::uint64_t kFixed64 = 1;
constexpr std::uint64_t kBytes = 2;
constexpr std::uint64_t kFixed32 = 5;

Error damaged() {
    return Error{ErrorCode::corrupt, "tokenizer.model is damaged or is not SentencePiece's"};
}

std::uint64_t little_endian(std::string_view bytes) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t out = 0;
    std::memcpy(&out, bytes.data(), bytes.size());
    return out;
}

}  // namespace

float ProtoReader::Field::as_float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(value));
}

Result<std::uint64_t> ProtoReader::varint() {
    std::uint64_t out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (rest_.empty()) return damaged();
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        out |= std::uint64_t{byte & 0x7fU} << shift;
        if ((byte & 0x80U) == 0) return out;
    }
    return damaged();
}

Result<std::string_view> ProtoReader::take(std::uint64_t count) {
    if (count > rest_.size()) return damaged();
    const std::string_view out = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(out.size());
    return out;
}

Result<std::optional<ProtoReader::Field>> ProtoReader::next() {
    if (rest_.empty()) return std::optional<Field>();
    TRY_ASSIGN(const std::uint64_t tag, varint());
    Field out;
    if (tag >> 3 == 0 || tag >> 3 >= (1U << 29)) return damaged();
    out.number = static_cast<std::uint32_t>(tag >> 3);
    const std::uint64_t wire = tag & 7;
    if (wire == kVarint) {
        TRY_ASSIGN(out.value, varint());
    } else if (wire == kBytes) {
        TRY_ASSIGN(const std::uint64_t length, varint());
        TRY_ASSIGN(out.bytes, take(length));
    } else if (wire == kFixed32 || wire == kFixed64) {
        TRY_ASSIGN(const auto bytes, take(wire == kFixed32 ? 4 : 8));
        out.value = little_endian(bytes);
    } else {
        return damaged();
    }
    return std::optional(out);
}

}  // namespace moat::models
