#pragma once

#include <map>
#include <string>
#include <vector>

#include "documents/page/page_assembler.h"

namespace moat::documents {

// Tells which paragraphs of a paged document are headings, and their level, from the document as a
// whole: what stands in its outline; what is larger than most of the text; what is bold, short and
// numbered. Threads: any (const).
class HeadingFinder {
  public:
    HeadingFinder(const std::vector<PageBlocks>& pages, const std::vector<OutlineEntry>& outline);

    // 1..6; 0: no heading.
    int level_of(const PageBlock& block, int page) const;

  private:
    void measure(const std::vector<PageBlocks>& pages);

    std::map<std::string, std::vector<OutlineEntry>> outline_;  // by title without blanks
    float body_size_ = 0;
    bool mostly_bold_ = false;
    std::vector<int> heading_sizes_;  // in halves of a point, the largest first
};

}  // namespace moat::documents
