#pragma once

#include <cstdint>
#include <optional>

#include "base/json.h"
#include "collections/filter.h"
#include "collections/schema.h"

namespace moat::collections {

// Values of a column, as sortable() numbers, both ends included.
struct Interval {
    std::uint64_t least = 0;
    std::uint64_t greatest = ~std::uint64_t{0};
};

// Which values stand to `value` as the operator (equal, less ...) says; nothing when none does.
// REQUIRES: a value of the type: a number for integer and number, else as column_bits() takes it.
std::optional<Interval> interval_of(DataType type, FilterOperator op, const json::Value& value);

}  // namespace moat::collections
