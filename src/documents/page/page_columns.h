#pragma once

#include <vector>

#include "documents/page/page_lines.h"

namespace moat::documents {

// Pieces of one column (or of a part of the page that goes over all columns).
using Column = std::vector<Piece>;

// The columns of a page in reading order: bands between the lines that go over all columns, in
// each band column by column. Tables, whose cells also stand side by side, stay together: columns
// of text are told by full lines of words, and no rule crosses the gap between them.
std::vector<Column> find_columns(std::vector<Piece> pieces, const std::vector<Extent>& rules);

}  // namespace moat::documents
