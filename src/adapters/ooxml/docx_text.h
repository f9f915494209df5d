#pragma once

#include <string>
#include <vector>

#include <pugixml.hpp>

namespace moat::adapters {

// The running text below a node of a Word document as a reader sees it: insertions in, deletions
// and hidden text out, one of the two forms of a drawing. Depth costs no stack.
struct DocxText {
    std::string text;                        // paragraphs end with a newline, so may the whole
    std::vector<std::string> note_ids;       // "footnotes:3", in the order of their marks
    std::vector<pugi::xml_node> text_boxes;  // <w:txbxContent>, not in `text`
};
DocxText text_below(const pugi::xml_node& node);

}  // namespace moat::adapters
