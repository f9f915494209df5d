#include "adapters/rocksdb/tables.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "adapters/rocksdb/record_file.h"
#include "index/coding.h"

namespace moat::adapters::rocksdb_store {
namespace {

// The fields of a version edit, by what follows their number.
constexpr std::uint32_t kComparator = 1;  // bytes
constexpr std::uint32_t kLogNumber = 2;   // varint, as the next two
constexpr std::uint32_t kNextFileNumber = 3;
constexpr std::uint32_t kLastSequence = 4;
constexpr std::uint32_t kCompactCursor = 5;  // varint, bytes
constexpr std::uint32_t kDeletedFile = 6;    // varint level, varint number
constexpr std::uint32_t kPreviousLogNumber = 9;
constexpr std::uint32_t kMinimalLogNumber = 10;
constexpr std::uint32_t kNewFile = 103;
constexpr std::uint32_t kFamily = 200;      // varint
constexpr std::uint32_t kFamilyAdd = 201;   // bytes
constexpr std::uint32_t kFamilyDrop = 202;  // nothing
constexpr std::uint32_t kMaximalFamily = 203;
constexpr std::uint32_t kInAtomicGroup = 300;
constexpr std::uint32_t kPassedOver = 1U << 13;  // any with this bit: bytes
constexpr std::uint32_t kEndOfFile = 1;          // of a new file's own fields
constexpr std::size_t kKeyTrailer = 8;           // sequence and kind, behind each key
constexpr std::uint64_t kNumberMask = 0x3FFFFFFFFFFFFFFF;

struct Edit {
    std::uint32_t family = 0;
    bool drops_family = false;
    std::string family_name;
    std::vector<std::uint64_t> removed;
    std::vector<Table> added;
};

std::string key_of(std::string_view internal_key) {
    return std::string(
        internal_key.substr(0, internal_key.size() - std::min(internal_key.size(), kKeyTrailer))
    );
}

Table read_new_file(index::Reader& reader) {
    Table table;
    table.level = reader.varint32();
    table.number = reader.varint() & kNumberMask;
    reader.varint();  // bytes
    table.first = key_of(reader.bytes());
    table.last = key_of(reader.bytes());
    reader.varint();  // smallest and largest sequence
    reader.varint();
    while (reader.ok() && reader.varint32() != kEndOfFile)
        reader.bytes();
    return table;
}

// False: not known.
bool read_field(std::uint32_t field, index::Reader& reader, Edit& edit) {
    switch (field) {
        case kLogNumber:
        case kNextFileNumber:
        case kLastSequence:
        case kPreviousLogNumber:
        case kMinimalLogNumber:
        case kMaximalFamily:
        case kInAtomicGroup:
            reader.varint();
            return true;
        case kComparator:
            reader.bytes();
            return true;
        case kCompactCursor:
            reader.varint();
            reader.bytes();
            return true;
        case kDeletedFile:
            reader.varint();
            edit.removed.push_back(reader.varint());
            return true;
        case kNewFile:
            edit.added.push_back(read_new_file(reader));
            return true;
        case kFamily:
            edit.family = reader.varint32();
            return true;
        case kFamilyAdd:
            edit.family_name = reader.bytes();
            return true;
        case kFamilyDrop:
            edit.drops_family = true;
            return true;
        default:
            if ((field & kPassedOver) == 0) return false;
            reader.bytes();
            return true;
    }
}

void apply(const Edit& edit, TableList& list) {
    if (!edit.family_name.empty()) list.families[edit.family] = edit.family_name;
    for (const std::uint64_t number : edit.removed)
        list.tables.erase(number);
    for (Table table : edit.added) {
        table.family = edit.family;
        list.tables[table.number] = std::move(table);
    }
    if (!edit.drops_family) return;
    list.families.erase(edit.family);
    std::erase_if(list.tables, [&](const auto& t) { return t.second.family == edit.family; });
}

}  // namespace

std::string Table::file_name() const {
    return fmt::format("{:06}.sst", number);
}

Result<TableList> read_tables(std::string_view manifest) {
    TableList list;
    list.families[0] = "default";
    RecordReader records(manifest);
    while (const auto record = records.next()) {
        index::Reader reader(*record);
        Edit edit;
        bool known = true;
        while (known && reader.ok() && !reader.at_end())
            known = read_field(reader.varint32(), reader, edit);
        if (!known || !reader.ok()) {
            return Error{ErrorCode::corrupt, "the store's list of files is of another version"};
        }
        apply(edit, list);
    }
    return list;
}

void append_removal(std::string& manifest, const Table& table) {
    std::string edit;
    index::put_varint(edit, kDeletedFile);
    index::put_varint(edit, table.level);
    index::put_varint(edit, table.number);
    index::put_varint(edit, kFamily);
    index::put_varint(edit, table.family);
    append_record(manifest, edit);
}

}  // namespace moat::adapters::rocksdb_store
