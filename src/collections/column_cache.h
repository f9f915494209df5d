#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "collections/column.h"
#include "collections/keys.h"
#include "collections/schema.h"

namespace moat::collections {

// The bits of a column's value as a number that sorts as the values do.
std::uint64_t sortable(DataType type, std::uint64_t bits);
std::uint64_t unsortable(DataType type, std::uint64_t value);

// A column of a sealed segment, ready to be asked: in order of rows, and in order of values.
struct SortedColumn {
    Column by_row;
    std::vector<std::uint64_t> values;  // sortable, rising
    std::vector<Row> rows;              // of values

    static std::shared_ptr<const SortedColumn> make(DataType type, Column column);
    std::size_t bytes() const;
};

// Columns that were read lately, up to a number of bytes. They never change: a segment is sealed
// once, and a property that changes gets another number.
//
// Threads: any.
class ColumnCache {
  public:
    struct Key {
        CollectionNumber collection = 0;
        PropertyNumber property = 0;
        Row segment = 0;

        auto operator<=>(const Key&) const = default;
    };

    explicit ColumnCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    // nullptr when it is not there.
    std::shared_ptr<const SortedColumn> find(const Key& key);
    void add(const Key& key, std::shared_ptr<const SortedColumn> column);
    std::size_t bytes() const;

  private:
    struct Entry {
        Key key;
        std::shared_ptr<const SortedColumn> column;
    };

    const std::size_t max_bytes_;
    mutable std::mutex mutex_;
    std::list<Entry> entries_;                          // the last used in front; guarded by mutex_
    std::map<Key, std::list<Entry>::iterator> places_;  // guarded by mutex_
    std::size_t bytes_ = 0;                             // guarded by mutex_
};

}  // namespace moat::collections
