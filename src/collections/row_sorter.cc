#include "collections/row_sorter.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "collections/object_reader.h"
#include "collections/term_reader.h"
#include "collections/value_order.h"

namespace moat::collections {
namespace {

// The values of one property, for each place in the list of rows.
struct Key {
    std::vector<std::optional<std::uint64_t>> numbers;  // sortable(); or
    std::vector<json::Value> values;
    bool descending = false;

    int compare(std::size_t a, std::size_t b) const {
        if (numbers.empty()) return compare_values(values[a], values[b], descending);
        if (!numbers[a] || !numbers[b]) {
            return static_cast<int>(!numbers[a]) - static_cast<int>(!numbers[b]);
        }
        if (*numbers[a] == *numbers[b]) return 0;
        return (*numbers[a] < *numbers[b]) != descending ? -1 : 1;
    }
};

class RowSorter {
  public:
    RowSorter(const CollectionState& state, const index::RowSet& rows)
        : state_(state), set_(rows), places_(state.next_row) {
        rows.for_each([this](Row row) {
            places_[row] = static_cast<std::uint32_t>(rows_.size());
            rows_.push_back(row);
        });
    }

    Status add_key(const Sort& sort) {
        if (rows_.empty()) return Ok{};
        Key& key = keys_.emplace_back();
        key.descending = sort.descending;
        if (sort.property == "_created_ms") return add_column(kCreatedProperty, DataType::integer);
        if (sort.property == "_updated_ms") return add_column(kUpdatedProperty, DataType::integer);
        if (sort.property == "_id") return add_ids();
        const Property* property = state_.schema->schema.find(sort.property);
        if (property == nullptr) return refuse("is not there", sort);
        switch (property->type) {
            case DataType::integer:
            case DataType::number:
            case DataType::boolean:
            case DataType::date:
                if (!property->filterable) return add_values(sort.property);
                return add_column(state_.schema->number_of(*property), property->type);
            case DataType::text:
            case DataType::uuid:
                return add_values(sort.property);
            default:
                return refuse("has no order", sort);
        }
    }

    std::vector<Row> first(std::size_t limit) const {
        std::vector<std::size_t> order(rows_.size());
        std::iota(order.begin(), order.end(), 0);
        const std::size_t count = std::min(limit, order.size());
        const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
        std::ranges::partial_sort(order, middle, [this](std::size_t a, std::size_t b) {
            for (const Key& key : keys_) {
                const int compared = key.compare(a, b);
                if (compared != 0) return compared < 0;
            }
            return a < b;
        });
        std::vector<Row> sorted;
        for (std::size_t i = 0; i < count; ++i)
            sorted.push_back(rows_[order[i]]);
        return sorted;
    }

  private:
    static Error refuse(std::string_view why, const Sort& sort) {
        return {
            ErrorCode::invalid_argument,
            fmt::format("cannot sort by '{}', which {}", sort.property, why)
        };
    }

    Status add_column(PropertyNumber number, DataType type) {
        auto& numbers = keys_.back().numbers;
        numbers.resize(rows_.size());
        return TermReader(state_).visit_columns(number, type, [&](const Column& column) {
            for (std::size_t i = 0; i < column.values.size(); ++i) {
                const Row row = column.rows[i];
                if (!set_.contains(row)) continue;
                auto& number = numbers[places_[row]];
                // Of a list, the first element.
                if (!number) number = sortable(type, column.values[i]);
            }
        });
    }
    Status add_ids() {
        return ObjectReader(state_).visit(set_, [this](Row, const Object& object) {
            keys_.back().values.emplace_back(json::String(object.id.text()));
        });
    }
    Status add_values(const std::string& property) {
        return ObjectReader(state_).visit(set_, [&](Row, Object object) {
            json::Value* value = object.properties.if_contains(property);
            keys_.back().values.push_back(value == nullptr ? json::Value() : std::move(*value));
        });
    }

    const CollectionState& state_;
    const index::RowSet& set_;
    std::vector<std::uint32_t> places_;  // of rows in rows_
    std::vector<Row> rows_;
    std::vector<Key> keys_;
};

}  // namespace

Result<std::vector<Row>> sorted_rows(
    const CollectionState& state,
    const index::RowSet& rows,
    std::span<const Sort> sort,
    std::size_t limit
) {
    RowSorter sorter(state, rows);
    for (const Sort& each : sort)
        TRY(sorter.add_key(each));
    return sorter.first(limit);
}

}  // namespace moat::collections
