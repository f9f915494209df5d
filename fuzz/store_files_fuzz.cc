// A store's logs and manifests, damaged anywhere: two copies of one file are joined, its records
// and tables read, and what is behind the damage is found. The joined file must be whole.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/rocksdb/record_file.h"
#include "adapters/rocksdb/tables.h"

using namespace moat::adapters::rocksdb_store;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 8) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    // The first half is one record many times over; the rest flips bytes of the first copy.
    const std::string_view record = input.substr(0, size / 2);
    std::string file;
    for (int i = 0; i < 1 + data[0] * 4; ++i)
        append_record(file, record);
    std::string damaged = file;
    std::string_view changes = input.substr(size / 2);
    for (; changes.size() >= 4; changes.remove_prefix(4)) {
        const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(changes[i]); };
        damaged[(at(0) + 256U * at(1) + 65536U * at(2)) % damaged.size()] = changes[3];
    }
    const JoinedCopies joined = join_copies(damaged, file);
    if (joined.bytes != file) __builtin_trap();
    RecordReader whole(joined.bytes);
    while (whole.next()) {
    }
    if (whole.end() != joined.bytes.size()) __builtin_trap();
    for (std::optional<std::size_t> at = 0; at; at = next_record(damaged, *at)) {
        RecordReader records(damaged, *at);
        while (records.next()) {
        }
        if (records.end() < *at) __builtin_trap();
        at = records.end();
    }
    (void)read_tables(damaged);
    (void)read_tables(file);
    return 0;
}
