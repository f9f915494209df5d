#pragma once

#include <string>
#include <vector>

#include "adapters/gumbo/html_tree.h"

namespace moat::adapters {

// The rows of a table of data, spans filled in: a cell that spans rows is repeated in each, one
// that spans columns is followed by empty cells. Empty when the table only arranges the page
// (nested tables, one column, long texts without a header).
std::vector<std::vector<std::string>> rows_of_table(const GumboNode& table);

}  // namespace moat::adapters
