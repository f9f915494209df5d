#include "documents/page/running_text.h"

#include <algorithm>
#include <map>
#include <set>

#include "documents/characters.h"

namespace moat::documents {
namespace {

constexpr float kMargin = 0.11F;              // of the page's height, at each end
constexpr std::size_t kMaxRunningSize = 200;  // weighted characters

std::string text_of(const PageBlock& block) {
    if (!block.is_row) return block.text;
    std::string text;
    for (const std::string& cell : block.cells)
        text += cell + ' ';
    return text;
}

// The text with every number as one "#".
std::string pattern_of(const PageBlock& block) {
    std::string out;
    for (const char c : text_of(block)) {
        if (c >= '0' && c <= '9') {
            if (!out.ends_with('#')) out += '#';
        } else if (c != ' ') {
            out += c;
        }
    }
    return out;
}

bool is_in_margin(const PageBlock& block, float height) {
    return block.box.bottom < height * kMargin || block.box.top > height * (1 - kMargin);
}

// "12", "- 12 -", "12 / 30", "Page 12 of 30", "第 12 页", "iv".
bool is_page_number(const PageBlock& block) {
    const std::string pattern = lower_ascii(pattern_of(block));
    static const std::set<std::string, std::less<>> patterns = {
        "#",   "-#-",   "–#–",        "—#—",          "#/#",   "page#", "page#of#", "#of#",
        "p.#", "第#页", "第#页共#页", "第#页，共#页", "第#頁", "·#·",   "i",        "ii",
        "iii", "iv",    "v",          "vi",           "vii",   "viii",  "ix",       "x",
    };
    return patterns.contains(pattern);
}

}  // namespace

void remove_running_text(std::vector<PageBlocks>& pages) {
    std::map<std::string, std::set<int>> seen;  // pattern -> pages
    const auto may_run = [](const PageBlock& block, const PageBlocks& page) {
        return is_in_margin(block, page.height) && weighted_size(text_of(block)) <= kMaxRunningSize;
    };
    for (const PageBlocks& page : pages) {
        for (const PageBlock& block : page.blocks) {
            if (may_run(block, page)) seen[pattern_of(block)].insert(page.number);
        }
    }
    const std::size_t enough = std::max<std::size_t>(3, pages.size() / 5);
    for (PageBlocks& page : pages) {
        std::erase_if(page.blocks, [&](const PageBlock& block) {
            if (!may_run(block, page)) return false;
            if (pages.size() >= 2 && is_page_number(block)) return true;
            return seen[pattern_of(block)].size() >= enough;
        });
    }
}

}  // namespace moat::documents
