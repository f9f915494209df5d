#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

// A parsed file: blocks in reading order, each knowing where it came from. All text is UTF-8.
namespace moat::documents {

// In PDF points (1/72 inch), origin at the top left corner of the page as shown.
struct Box {
    float left = 0;
    float top = 0;
    float right = 0;
    float bottom = 0;
};

enum class BlockKind { heading, paragraph, list_item, table_row, code, record };

struct Block {
    BlockKind kind = BlockKind::paragraph;
    std::string text;                   // of a table_row: cells joined by " | "
    int level = 0;                      // of a heading: 1..6
    std::vector<std::string> headings;  // path above this block, outermost first
    int page = 0;                       // from 1; 0 where the format has none
    std::optional<Box> box;
    std::vector<std::pair<std::string, std::string>> fields;  // of a record: header name, value
};

struct Document {
    std::string title;       // from the file's metadata or first heading; may be empty
    std::string media_type;  // "application/pdf", "text/markdown", ...
    int pages = 0;
    std::vector<Block> blocks;
    std::vector<std::string> warnings;  // for people: "page 3 has no text layer"
};

}  // namespace moat::documents
