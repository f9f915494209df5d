#pragma once

#include "documents/document.h"

namespace moat::knowledge {

// Takes out of a parsed document what only disturbs search and reading: control and soft-hyphen
// characters, runs of white space, empty blocks, and lines that repeat at the edge of most pages
// (running heads, page numbers). Positions and headings of what stays are untouched.
//
// Threads: any (pure). Cost: linear in the text.
documents::Document clean(documents::Document document);

}  // namespace moat::knowledge
