#pragma once

#include "base/json.h"
#include "base/result.h"
#include "documents/document.h"

// Blocks and documents as JSON: what a parser process sends, and what `moat parse` prints.
// Members that hold their default are left out.
//
//   block:    {"kind": "heading", "text": "...", "level": 2, "headings": ["..."], "page": 3,
//              "box": [left, top, right, bottom], "fields": [["name", "value"], ...]}
//   document: {"title": "...", "media_type": "...", "pages": 14, "warnings": ["..."]}
//
// Threads: any (pure functions). Errors of the reading side: corrupt.
namespace moat::documents {

std::string_view to_string(BlockKind kind);

json::Object to_json(const Block& block);
Result<Block> block_from_json(const json::Value& value);

// Without the blocks.
json::Object to_json(const Document& document);
Result<Document> document_from_json(const json::Value& value);

}  // namespace moat::documents
