#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moat::adapters::rocksdb_store {

// One sorted file of a store ("000012.sst"), as the manifest has it.
struct Table {
    std::uint64_t number = 0;
    std::uint32_t family = 0;
    std::uint32_t level = 0;
    std::string first;  // keys
    std::string last;

    std::string file_name() const;
};

// Which tables a store is made of. Format: RocksDB's version edits, one in each record
// (record_file.h): numbered fields, of which this reads those about tables and families.
struct TableList {
    std::map<std::uint64_t, Table> tables;          // by number
    std::map<std::uint32_t, std::string> families;  // names
};

// Errors: corrupt (a field that is not known).
Result<TableList> read_tables(std::string_view manifest);

// Adds the record that makes a table no part of the store.
void append_removal(std::string& manifest, const Table& table);

}  // namespace moat::adapters::rocksdb_store
