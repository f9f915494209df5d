#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The files that RocksDB writes record by record: logs and manifests. 32 KiB blocks; a record is
// one piece or several, none of which crosses a block. A piece: masked CRC-32C of type and bytes
// (4), length (2), type (1: 1 whole, 2 first, 3 middle, 4 last), bytes. A rest of a block too
// short for a piece's head is zeros.
namespace moat::adapters::rocksdb_store {

struct RecordPiece {
    std::uint8_t type = 0;
    std::string_view bytes;
    std::size_t end = 0;  // where in the file the next one may begin

    bool ends_record() const { return type != 2 && type != 3; }
};

// The piece that begins at `at`, or behind the padding there. Nothing at the end, and where what
// stands there does not hold together.
std::optional<RecordPiece> piece_at(std::string_view file, std::size_t at);

// Adds a record to a file, in as many pieces as it needs.
void append_record(std::string& file, std::string_view bytes);

// Reads record after record, up to the first that does not hold together.
class RecordReader {
  public:
    explicit RecordReader(std::string_view file, std::size_t at = 0) : file_(file), end_(at) {}

    // Nothing after the last whole record. The view holds until the next call.
    std::optional<std::string_view> next();
    // Behind the last record that next() gave.
    std::size_t end() const { return end_; }

  private:
    const std::string_view file_;
    std::size_t end_;
    std::string joined_;
};

// The first place at or after `at`, where something does not hold together, at which a record
// begins again. Nothing when there is none.
std::optional<std::size_t> next_record(std::string_view file, std::size_t at);

// What two copies of one file still have between them: piece by piece from the one that is intact
// there, up to the last whole record.
struct JoinedCopies {
    std::string bytes;
    std::size_t from_second = 0;  // pieces that only the second copy had
    std::size_t dropped = 0;      // bytes behind, of the longer copy
};
JoinedCopies join_copies(std::string_view first, std::string_view second);

}  // namespace moat::adapters::rocksdb_store
