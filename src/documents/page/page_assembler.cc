#include "documents/page/page_assembler.h"

#include "documents/chapter_headings.h"
#include "documents/page/heading_finder.h"
#include "documents/page/running_text.h"

namespace moat::documents {

Status assemble_pages(
    std::vector<PageBlocks> pages,
    const std::vector<OutlineEntry>& outline,
    DocumentBuilder& builder
) {
    remove_running_text(pages);
    const HeadingFinder headings(pages, outline);
    for (const PageBlocks& page : pages) {
        for (const PageBlock& block : page.blocks) {
            const Place place{page.number, block.box};
            if (block.is_row) {
                TRY(builder.add_row(block.cells, place));
            } else if (const int level = headings.level_of(block, page.number); level > 0) {
                TRY(builder.add_heading(level, block.text, place));
            } else {
                const BlockKind kind =
                    begins_list_item(block.text) ? BlockKind::list_item : BlockKind::paragraph;
                TRY(builder.add(kind, block.text, place));
            }
        }
    }
    return Ok{};
}

}  // namespace moat::documents
