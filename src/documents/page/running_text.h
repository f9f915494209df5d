#pragma once

#include <vector>

#include "documents/page/page_assembler.h"

namespace moat::documents {

// Removes what repeats at the top or bottom of pages (page numbers differ, the rest is the same)
// and lone page numbers.
void remove_running_text(std::vector<PageBlocks>& pages);

}  // namespace moat::documents
