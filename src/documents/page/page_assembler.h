#pragma once

#include <map>
#include <string>
#include <vector>

#include "documents/document_builder.h"
#include "documents/page/page_blocks.h"

namespace moat::documents {

struct PageBlocks {
    int number = 0;  // from 1
    float height = 0;
    std::vector<PageBlock> blocks;
};

// An entry of a document's own table of contents.
struct OutlineEntry {
    std::string title;
    int level = 1;  // from 1
    int page = 0;   // 0: unknown
};

// Puts the pages of a document together: leaves out what only repeats at the edges of pages
// (running heads, page numbers), tells headings by the outline, the size of their font, boldness
// and numbering, and writes the blocks. Errors: too_large.
Status assemble_pages(
    std::vector<PageBlocks> pages,
    const std::vector<OutlineEntry>& outline,
    DocumentBuilder& builder
);

}  // namespace moat::documents
