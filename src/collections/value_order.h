#pragma once

#include "base/json.h"

namespace moat::collections {

// How two values of one property sort: below zero when `a` comes first. Absent ones (null, an empty
// list) come last in both directions; a list sorts by its first element; text by its bytes, which
// also sorts dates of one form.
int compare_values(const json::Value& a, const json::Value& b, bool descending);

}  // namespace moat::collections
