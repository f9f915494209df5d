#include "knowledge/cleaning.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace moat::knowledge {
namespace {

using documents::Block;
using documents::BlockKind;
using documents::Document;

// A running head must stand on this share of the pages, and on this many, to be taken for one.
constexpr double kRepeatedShare = 0.6;
constexpr int kRepeatedPages = 4;
constexpr std::size_t kLongestRunningHead = 120;

// Invisible characters that break words apart: soft hyphen, zero-width spaces and joiners, BOM.
std::size_t invisible_at(std::string_view text, std::size_t at) {
    for (const std::string_view mark :
         {std::string_view("\u00AD"),
          std::string_view("\u200B"),
          std::string_view("\u2060"),
          std::string_view("\uFEFF")})
        if (text.substr(at).starts_with(mark)) return mark.size();
    return 0;
}

std::string tidy(std::string_view text, bool keep_spaces) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        if (const std::size_t skip = invisible_at(text, at)) {
            at += skip;
            continue;
        }
        const char c = text[at++];
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            while (!keep_spaces && !out.empty() && out.back() == ' ')
                out.pop_back();
            out += '\n';
        } else if (c == ' ' || c == '\t' || byte < 0x20 || byte == 0x7F) {
            if (keep_spaces && (c == ' ' || c == '\t'))
                out += c;
            else if (!keep_spaces && !out.empty() && out.back() != ' ' && out.back() != '\n')
                out += ' ';
        } else {
            out += c;
        }
    }
    while (!out.empty() && (out.back() == ' ' || out.back() == '\n'))
        out.pop_back();
    return out;
}

// Page numbers differ from page to page, so every run of digits counts as the same.
std::string shape_of(std::string_view text) {
    std::string shape;
    for (const char c : text) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit) shape += c;
        if (digit && (shape.empty() || shape.back() != '#')) shape += '#';
    }
    return shape;
}

bool may_be_running_head(const Block& block) {
    return block.page > 0 && block.text.size() <= kLongestRunningHead &&
           block.kind != BlockKind::table_row && block.kind != BlockKind::record;
}

// Indexes of the first and last two blocks of every page.
std::vector<std::size_t> page_edges(const std::vector<Block>& blocks) {
    std::vector<std::size_t> edges;
    for (std::size_t first = 0; first < blocks.size();) {
        std::size_t end = first;
        while (end < blocks.size() && blocks[end].page == blocks[first].page)
            ++end;
        for (std::size_t i = first; i < end; ++i)
            if (i < first + 2 || i + 2 >= end) edges.push_back(i);
        first = end;
    }
    return edges;
}

void drop_running_heads(Document& document) {
    if (document.pages < kRepeatedPages) return;
    const std::vector<std::size_t> edges = page_edges(document.blocks);
    std::map<std::string, std::set<int>> pages_of;
    for (const std::size_t i : edges) {
        const Block& block = document.blocks[i];
        if (may_be_running_head(block)) pages_of[shape_of(block.text)].insert(block.page);
    }
    const double needed = std::max<double>(kRepeatedPages, kRepeatedShare * document.pages);
    for (const std::size_t i : edges) {
        Block& block = document.blocks[i];
        if (!may_be_running_head(block)) continue;
        if (static_cast<double>(pages_of[shape_of(block.text)].size()) >= needed)
            block.text.clear();
    }
}

}  // namespace

Document clean(Document document) {
    for (Block& block : document.blocks)
        block.text = tidy(block.text, block.kind == BlockKind::code);
    drop_running_heads(document);
    std::erase_if(document.blocks, [](const Block& block) { return block.text.empty(); });
    document.title = tidy(document.title, false);
    return document;
}

}  // namespace moat::knowledge
