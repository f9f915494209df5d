#include "collections/filter_interval.h"

#include <bit>
#include <cmath>

#include "collections/analysis.h"
#include "collections/column_cache.h"

namespace moat::collections {
namespace {

constexpr double kLimit = 9223372036854775808.0;  // 2^63

// For a fraction: less and less_equal mean the integer below, greater ones the one above.
std::optional<Interval> integer_interval(FilterOperator op, double value) {
    const bool upward = op == FilterOperator::greater || op == FilterOperator::greater_equal;
    const bool downward = op == FilterOperator::less || op == FilterOperator::less_equal;
    if (std::isnan(value)) return std::nullopt;
    if (value >= kLimit) {
        if (downward) return Interval{};
        return std::nullopt;
    }
    if (value < -kLimit) {
        if (upward) return Interval{};
        return std::nullopt;
    }
    const double floor = std::floor(value);
    const auto whole = static_cast<std::int64_t>(floor);
    if (floor == value) return interval_of(DataType::integer, op, json::Value(whole));
    if (downward) return interval_of(DataType::integer, FilterOperator::less_equal, whole);
    if (upward) return interval_of(DataType::integer, FilterOperator::greater, whole);
    return std::nullopt;
}

}  // namespace

std::optional<Interval> interval_of(DataType type, FilterOperator op, const json::Value& value) {
    if (type == DataType::integer && !value.is_int64()) {
        return integer_interval(op, value.to_number<double>());
    }
    const auto bits = column_bits(type, value);
    if (!bits) return std::nullopt;
    if (type == DataType::number && std::isnan(std::bit_cast<double>(*bits))) return std::nullopt;
    const std::uint64_t at = sortable(type, *bits);
    Interval interval;
    switch (op) {
        case FilterOperator::greater:
            if (at == interval.greatest) return std::nullopt;
            interval.least = at + 1;
            return interval;
        case FilterOperator::greater_equal:
            interval.least = at;
            return interval;
        case FilterOperator::less:
            if (at == 0) return std::nullopt;
            interval.greatest = at - 1;
            return interval;
        case FilterOperator::less_equal:
            interval.greatest = at;
            return interval;
        default:
            return Interval{at, at};
    }
}

}  // namespace moat::collections
