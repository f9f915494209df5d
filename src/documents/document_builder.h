#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "documents/document.h"
#include "documents/parser.h"

namespace moat::documents {

struct Place {
    int page = 0;
    std::optional<Box> box;
};

// What every parser writes its blocks into: cleans text, drops empty blocks, keeps the heading
// path and the limits.
//
// Threads: one at a time. Errors of all add_*: too_large, naming the limit.
class DocumentBuilder {
  public:
    DocumentBuilder(std::string media_type, const ParseLimits& limits);

    // Level 1..6 (brought into that range). Later blocks stand below it.
    Status add_heading(int level, std::string_view text, const Place& place = {});
    // A paragraph, list_item or code block.
    Status add(BlockKind kind, std::string_view text, const Place& place = {});
    // Cells joined by " | "; line ends inside a cell become blanks. All empty: dropped. A row that
    // is too long to be found as one passage becomes a paragraph for each cell.
    Status add_row(const std::vector<std::string>& cells, const Place& place = {});
    // One line "name: value" for each field; empty values are dropped.
    Status add_record(const std::vector<std::pair<std::string, std::string>>& fields);

    // The first title that is not empty stays; without one the first heading serves.
    void set_title(std::string_view title);
    void set_pages(int pages) { document_.pages = pages; }
    // For people. Only the first 100 are kept.
    void warn(std::string warning);

    bool empty() const { return document_.blocks.empty(); }
    Document finish() &&;

  private:
    Status push(Block block);

    ParseLimits limits_;
    Document document_;
    std::size_t text_bytes_ = 0;
    std::vector<std::pair<int, std::string>> path_;  // open headings with their levels
    std::string first_heading_;
};

}  // namespace moat::documents
