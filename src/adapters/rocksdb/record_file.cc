#include "adapters/rocksdb/record_file.h"

#include <algorithm>
#include <array>

#include "index/coding.h"

namespace moat::adapters::rocksdb_store {
namespace {

constexpr std::size_t kBlock = std::size_t{32} << 10;
constexpr std::size_t kHead = 7;
constexpr std::uint8_t kWhole = 1;

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
    constexpr std::uint32_t kCastagnoli = 0x82F63B78;  // reflected
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kCastagnoli : 0U);
        table[i] = crc;
    }
    return table;
}();

// CRC-32C, and then RocksDB's mask, for checksums of bytes that hold checksums.
std::uint32_t masked_checksum(std::uint8_t type, std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFF;
    const auto add = [&crc](std::uint8_t byte) {
        crc = (crc >> 8) ^ kCrcTable[(crc ^ byte) & 0xFFU];
    };
    add(type);
    for (const char c : bytes)
        add(static_cast<std::uint8_t>(c));
    crc = ~crc;
    return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

std::size_t without_padding(std::size_t at) {
    const std::size_t left = kBlock - at % kBlock;
    return left < kHead ? at + left : at;
}

}  // namespace

std::optional<RecordPiece> piece_at(std::string_view file, std::size_t at) {
    at = without_padding(at);
    if (at >= file.size()) return std::nullopt;
    index::Reader reader(file.substr(at, kBlock - at % kBlock));
    const auto checksum = reader.fixed<std::uint32_t>();
    const auto length = reader.fixed<std::uint16_t>();
    const auto type = reader.fixed<std::uint8_t>();
    const std::string_view bytes = reader.take(length);
    if (!reader.ok() || type == 0 || checksum != masked_checksum(type, bytes)) return std::nullopt;
    return RecordPiece{type, bytes, at + kHead + length};
}

std::string whole_record(std::string_view bytes) {
    std::string record;
    index::put_fixed(record, masked_checksum(kWhole, bytes));
    index::put_fixed(record, static_cast<std::uint16_t>(bytes.size()));
    record.push_back(static_cast<char>(kWhole));
    record.append(bytes);
    return record;
}

std::optional<std::string_view> RecordReader::next() {
    joined_.clear();
    std::size_t at = end_;
    for (;;) {
        const auto piece = piece_at(file_, at);
        if (!piece) return std::nullopt;
        at = piece->end;
        joined_.append(piece->bytes);
        if (!piece->ends_record()) continue;
        end_ = at;
        return joined_;
    }
}

JoinedCopies join_copies(std::string_view first, std::string_view second) {
    JoinedCopies joined;
    std::size_t whole_end = 0;
    for (std::size_t at = 0;;) {
        auto piece = piece_at(first, at);
        const std::string_view& source = piece ? first : second;
        if (!piece && (piece = piece_at(second, at))) ++joined.from_second;
        if (!piece) break;
        joined.bytes.append(source.substr(at, piece->end - at));
        at = piece->end;
        if (piece->ends_record()) whole_end = at;
    }
    joined.bytes.resize(whole_end);
    joined.dropped = std::max(first.size(), second.size()) - whole_end;
    return joined;
}

}  // namespace moat::adapters::rocksdb_store
