#pragma once

#include <vector>

#include "documents/page/page_lines.h"

namespace moat::documents {

// A table of a page: rows of cells from top to bottom.
struct PageTable {
    struct Row {
        std::vector<std::string> cells;
        Extent extent;
    };
    Extent extent;
    std::vector<Row> rows;
};

// Finds the tables that rules draw, and takes the pieces inside them out of the frame; each is
// replaced by one place holder with its index. A cell that reaches over several rows is repeated
// in each; one that reaches over several columns stands once, so rows may differ in length.
std::vector<PageTable> take_ruled_tables(PageFrame& frame);

// Lines of a column in reading order, pieces of a line from left to right.
std::vector<std::vector<Piece>> rows_of(std::vector<Piece> pieces);

// Rows without rules, whose pieces stand below each other, as a table: pieces that overlap in u
// share a column.
PageTable align_columns(const std::vector<std::vector<Piece>>& rows);

}  // namespace moat::documents
