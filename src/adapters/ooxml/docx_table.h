#pragma once

#include <string>
#include <vector>

#include <pugixml.hpp>

namespace moat::adapters {

// <w:tbl> as rows of cells. A cell merged downwards is repeated in each row, one merged sideways is
// followed by empty cells.
struct DocxTable {
    std::vector<std::vector<std::string>> rows;
    std::vector<pugi::xml_node> cells;  // <w:tc> in reading order
    // One column, or tables inside: it arranges the page, its cells hold ordinary blocks.
    bool arranges = false;
};
DocxTable read_docx_table(const pugi::xml_node& table);

}  // namespace moat::adapters
