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
    contains_none,  // not contains_any
    within_range,   // of a geo property
    refers_to,      // through a reference
};

// A condition on properties, as a tree. Text equality compares terms of the property's
// tokenization unless that is `field`.
//
// Special names of properties: "_id"; "_created_ms" and "_updated_ms", milliseconds since 1970;
// "len(name)", the characters of a text or the elements of a list, of filterable properties where
// Schema::index_lengths is set.
struct Filter {
    FilterOperator op = FilterOperator::equal;
    std::string property;
    // A scalar; an array for contains_*; a bool for is_null; for within_range {"latitude",
    // "longitude", "distance"} in degrees and metres; for refers_to the name of the collection
    // pointed to, in which an object that passes operands[0] is looked for.
    json::Value value;
    std::vector<Filter> operands;
};

}  // namespace moat::collections
