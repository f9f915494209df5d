#include "adapters/rocksdb/record_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "index/coding.h"

namespace moat::adapters::rocksdb_store {
namespace {

constexpr std::size_t kBlock = std::size_t{32} << 10;
constexpr std::size_t kHead = 7;
constexpr std::uint8_t kWhole = 1;
constexpr std::uint8_t kFirst = 2;
constexpr std::uint8_t kMiddle = 3;
constexpr std::uint8_t kLast = 4;

// Of a byte that is followed by so many others: eight bytes are taken at once.
constexpr std::array<std::array<std::uint32_t, 256>, 8> kCrcTables = [] {
    constexpr std::uint32_t kCastagnoli = 0x82F63B78;  // reflected
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kCastagnoli : 0U);
        tables[0][i] = crc;
    }
    for (std::size_t behind = 1; behind < tables.size(); ++behind) {
        for (std::size_t i = 0; i < 256; ++i) {
            const std::uint32_t crc = tables[behind - 1][i];
            tables[behind][i] = (crc >> 8) ^ tables[0][crc & 0xFFU];
        }
    }
    return tables;
}();

std::uint32_t add_to_crc(std::uint32_t crc, std::string_view bytes) {
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, bytes.data(), sizeof eight);
        eight ^= crc;
        crc = 0;
        for (std::size_t i = 0; i < 8; ++i)
            crc ^= kCrcTables[7 - i][(eight >> (8 * i)) & 0xFFU];
    }
    for (const char c : bytes)
        crc = (crc >> 8) ^ kCrcTables[0][(crc ^ static_cast<std::uint8_t>(c)) & 0xFFU];
    return crc;
}

// CRC-32C, and then RocksDB's mask, for checksums of bytes that hold checksums.
std::uint32_t masked_checksum(std::uint8_t type, std::string_view bytes) {
    const char kind = static_cast<char>(type);
    std::uint32_t crc = add_to_crc(0xFFFFFFFF, {&kind, 1});
    crc = add_to_crc(crc, bytes);
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

void append_record(std::string& file, std::string_view bytes) {
    for (bool first = true;; first = false) {
        file.resize(without_padding(file.size()));
        const std::size_t room = kBlock - file.size() % kBlock - kHead;
        const std::string_view piece = bytes.substr(0, room);
        bytes.remove_prefix(piece.size());
        const bool last = bytes.empty();
        const std::uint8_t type = first ? (last ? kWhole : kFirst) : (last ? kLast : kMiddle);
        index::put_fixed(file, masked_checksum(type, piece));
        index::put_fixed(file, static_cast<std::uint16_t>(piece.size()));
        file.push_back(static_cast<char>(type));
        file.append(piece);
        if (last) return;
    }
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

std::optional<std::size_t> next_record(std::string_view file, std::size_t at) {
    const auto begins = [&](std::size_t place) {
        const auto piece = piece_at(file, place);
        return piece && (piece->type == kWhole || piece->type == kFirst);
    };
    at = without_padding(at);
    if (at >= file.size()) return std::nullopt;
    // Within the block by the length that stands there, as long as that leads to pieces.
    const std::size_t block_end = std::min(file.size(), at / kBlock * kBlock + kBlock);
    while (at + kHead <= block_end) {
        const auto low = static_cast<std::uint8_t>(file[at + 4]);
        const auto high = static_cast<std::uint8_t>(file[at + 5]);
        at += kHead + low + (std::size_t{high} << 8);
        if (at >= block_end) break;
        if (begins(at)) return at;
    }
    for (at = block_end; at < file.size(); at += kBlock) {
        for (std::size_t place = at; place < std::min(file.size(), at + kBlock);) {
            if (begins(place)) return place;
            const auto piece = piece_at(file, place);  // the rest of a record
            if (!piece) break;
            place = piece->end;
        }
    }
    return std::nullopt;
}

JoinedCopies join_copies(std::string_view first, std::string_view second) {
    JoinedCopies joined;
    std::size_t whole_end = 0;
    for (std::size_t at = 0;;) {
        auto piece = piece_at(first, at);
        const std::string_view& source = piece ? first : second;
        if (!piece && (piece = piece_at(second, at))) ++joined.from_second;
        if (!piece) break;
        at = without_padding(at);
        joined.bytes.resize(at);  // padding is zeros, whatever stands there by now
        joined.bytes.append(source.substr(at, piece->end - at));
        at = piece->end;
        if (piece->ends_record()) whole_end = at;
    }
    joined.bytes.resize(whole_end);
    joined.dropped = std::max(first.size(), second.size()) - whole_end;
    return joined;
}

}  // namespace moat::adapters::rocksdb_store
