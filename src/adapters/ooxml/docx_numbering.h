#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "adapters/ooxml/docx_styles.h"

namespace moat::adapters {

// The automatic numbers of a Word document's lists and headings, counted as the text is read.
// Threads: one at a time.
class DocxNumbering {
  public:
    DocxNumbering() = default;
    // `root` is <w:numbering>.
    explicit DocxNumbering(const pugi::xml_node& root);

    // The label of the next paragraph of that list, e.g. "2.1", "(c)", "第三章"; empty for bullets
    // and unknown lists. Counts the paragraph.
    std::string next_label(const ListReference& reference);

  private:
    static constexpr std::size_t kLevels = 9;

    struct Level {
        int start = 1;
        std::string format = "decimal";
        std::string text;  // "%1.%2"
    };
    struct List {
        std::array<Level, kLevels> levels;
    };
    struct Use {
        std::string list;  // abstract list, whose counters its uses share
        std::map<std::size_t, int> starts;
        bool begun = false;
    };
    struct Counters {
        std::array<int, kLevels> values{};
        std::array<bool, kLevels> running{};
    };

    static List read_list(const pugi::xml_node& node);

    std::map<std::string, List, std::less<>> lists_;
    std::map<std::string, Use, std::less<>> uses_;
    std::map<std::string, Counters, std::less<>> counters_;
};

// `number` in a numbering format of ECMA-376 part 1, 17.18.59 ("decimal", "lowerRoman",
// "chineseCounting" ...); decimal for those not known here.
std::string formatted_number(int number, std::string_view format);

}  // namespace moat::adapters
