#include "collections/column_cache.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace moat::collections {
namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

}  // namespace

std::uint64_t sortable(DataType type, std::uint64_t bits) {
    if (type == DataType::geo) return bits;
    if (type != DataType::number) return bits ^ kSign;
    if (bits == kSign) bits = 0;  // minus zero equals zero
    return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

std::uint64_t unsortable(DataType type, std::uint64_t value) {
    if (type == DataType::geo) return value;
    if (type != DataType::number) return value ^ kSign;
    return (value & kSign) != 0 ? value & ~kSign : ~value;
}

std::shared_ptr<const SortedColumn> SortedColumn::make(DataType type, Column column) {
    auto sorted = std::make_shared<SortedColumn>();
    sorted->by_row = std::move(column);
    const std::vector<std::uint64_t>& bits = sorted->by_row.values;
    if (bits.empty()) return sorted;
    std::vector<std::pair<std::uint64_t, Row>> pairs(bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i)
        pairs[i] = {sortable(type, bits[i]), sorted->by_row.rows[i]};
    std::ranges::sort(pairs);
    sorted->values.reserve(pairs.size());
    sorted->rows.reserve(pairs.size());
    for (const auto& [value, row] : pairs) {
        sorted->values.push_back(value);
        sorted->rows.push_back(row);
    }
    return sorted;
}

std::size_t SortedColumn::bytes() const {
    return sizeof *this + (by_row.rows.size() + rows.size()) * sizeof(Row) +
           (by_row.values.size() + values.size()) * sizeof(std::uint64_t);
}

std::shared_ptr<const SortedColumn> ColumnCache::find(const Key& key) {
    const std::scoped_lock lock(mutex_);
    const auto place = places_.find(key);
    if (place == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, place->second);
    return place->second->column;
}

std::size_t ColumnCache::bytes() const {
    const std::scoped_lock lock(mutex_);
    return bytes_;
}

void ColumnCache::add(const Key& key, std::shared_ptr<const SortedColumn> column) {
    const std::size_t bytes = column->bytes();
    const std::scoped_lock lock(mutex_);
    if (bytes > max_bytes_ || places_.contains(key)) return;
    entries_.push_front({key, std::move(column)});
    places_[key] = entries_.begin();
    bytes_ += bytes;
    while (bytes_ > max_bytes_) {
        bytes_ -= entries_.back().column->bytes();
        places_.erase(entries_.back().key);
        entries_.pop_back();
    }
}

}  // namespace moat::collections
