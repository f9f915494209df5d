#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace moat::collections {

enum class FilterOperator {
    all_of,  // every operand
    any_of,
    none_of,  // no operand (with one operand: not)
    equal,
    not_equal,
    greater,
    greater_equal,
    less,
    less_equal,
    like,  // ? one character, * any run
    is_null,
    contains_any,
    contains_all,
};

// A condition on properties, as a tree. Text equality compares terms of the property's
// tokenization unless that is `field`. Special names: "_id", "_created_ms", "_updated_ms".
struct Filter {
    FilterOperator op = FilterOperator::equal;
    std::string property;
    json::Value value;  // scalar; array for contains_*; bool for is_null
    std::vector<Filter> operands;
};

}  // namespace moat::collections
