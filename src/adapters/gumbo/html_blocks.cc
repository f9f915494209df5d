#include "adapters/gumbo/html_blocks.h"

#include <charconv>

#include <fmt/format.h>

#include "adapters/gumbo/html_table.h"
#include "documents/characters.h"

namespace moat::adapters {
namespace {

using documents::BlockKind;

int heading_level(GumboTag tag) {
    switch (tag) {
        case GUMBO_TAG_H1:
            return 1;
        case GUMBO_TAG_H2:
            return 2;
        case GUMBO_TAG_H3:
            return 3;
        case GUMBO_TAG_H4:
            return 4;
        case GUMBO_TAG_H5:
            return 5;
        case GUMBO_TAG_H6:
            return 6;
        default:
            return 0;
    }
}

// Elements inside a line of text; any other begins and ends a block.
bool is_inline(GumboTag tag) {
    switch (tag) {
        case GUMBO_TAG_A:
        case GUMBO_TAG_ABBR:
        case GUMBO_TAG_ACRONYM:
        case GUMBO_TAG_B:
        case GUMBO_TAG_BDI:
        case GUMBO_TAG_BDO:
        case GUMBO_TAG_BIG:
        case GUMBO_TAG_BR:
        case GUMBO_TAG_CITE:
        case GUMBO_TAG_CODE:
        case GUMBO_TAG_DATA:
        case GUMBO_TAG_DEL:
        case GUMBO_TAG_DFN:
        case GUMBO_TAG_EM:
        case GUMBO_TAG_FONT:
        case GUMBO_TAG_I:
        case GUMBO_TAG_IMG:
        case GUMBO_TAG_INS:
        case GUMBO_TAG_KBD:
        case GUMBO_TAG_LABEL:
        case GUMBO_TAG_MARK:
        case GUMBO_TAG_NOBR:
        case GUMBO_TAG_Q:
        case GUMBO_TAG_RUBY:
        case GUMBO_TAG_S:
        case GUMBO_TAG_SAMP:
        case GUMBO_TAG_SMALL:
        case GUMBO_TAG_SPAN:
        case GUMBO_TAG_STRIKE:
        case GUMBO_TAG_STRONG:
        case GUMBO_TAG_SUB:
        case GUMBO_TAG_SUP:
        case GUMBO_TAG_TIME:
        case GUMBO_TAG_TT:
        case GUMBO_TAG_U:
        case GUMBO_TAG_UNKNOWN:
        case GUMBO_TAG_VAR:
        case GUMBO_TAG_WBR:
            return true;
        default:
            return false;
    }
}

// "Scope #", "Scope ¶": the mark is a link to the heading itself.
std::string_view without_anchor(std::string_view heading) {
    heading = documents::trim(heading);
    for (const std::string_view mark : {"#", "¶", "§"}) {
        if (heading.size() > mark.size() && heading.ends_with(mark))
            heading.remove_suffix(mark.size());
    }
    return heading;
}

}  // namespace

Status HtmlBlocks::run() {
    visit(content_.root());
    flush();
    return std::move(status_);
}

void HtmlBlocks::keep(Status status) {
    if (status_ && !status) status_ = std::move(status);
}

bool HtmlBlocks::enter(const GumboNode& element) {
    if (&element != &content_.root() && content_.is_boilerplate(element)) return false;
    const GumboTag tag = element.v.element.tag;
    if (tag == GUMBO_TAG_BR) text_.line_break();
    if (is_inline(tag)) return true;
    flush();
    if (const int level = heading_level(tag); level > 0) {
        keep(builder_.add_heading(level, without_anchor(inner_text(element))));
        return false;
    }
    if (tag == GUMBO_TAG_TABLE) {
        const auto rows = rows_of_table(element);
        for (const auto& row : rows)
            keep(builder_.add_row(row));
        return rows.empty();
    }
    if (tag == GUMBO_TAG_PRE) ++preformatted_;
    if (tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL) {
        List list{.numbered = tag == GUMBO_TAG_OL};
        const std::string_view start = attribute(element, "start");
        std::from_chars(start.data(), start.data() + start.size(), list.next_number);
        lists_.push_back(list);
    }
    if (tag == GUMBO_TAG_LI) begin_item(element);
    return true;
}

void HtmlBlocks::begin_item(const GumboNode&) {
    ++item_depth_;
    item_mark_.clear();
    if (lists_.empty() || !lists_.back().numbered) return;
    item_mark_ = fmt::format("{}. ", lists_.back().next_number);
    if (lists_.back().next_number < 1'000'000'000) ++lists_.back().next_number;
}

void HtmlBlocks::leave(const GumboNode& element) {
    const GumboTag tag = element.v.element.tag;
    if (is_inline(tag)) return;
    flush();
    if (tag == GUMBO_TAG_PRE) --preformatted_;
    if (tag == GUMBO_TAG_LI) --item_depth_;
    if ((tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL) && !lists_.empty()) lists_.pop_back();
}

void HtmlBlocks::text(std::string_view text) {
    if (preformatted_ > 0) {
        text_.append_preformatted(text);
    } else {
        text_.append(text);
    }
}

void HtmlBlocks::flush() {
    if (text_.blank()) {
        (void)text_.take();  // white space between blocks
        return;
    }
    std::string text = text_.take();
    if (preformatted_ > 0) {
        keep(builder_.add(BlockKind::code, text));
    } else if (item_depth_ > 0) {
        keep(builder_.add(BlockKind::list_item, item_mark_ + text));
        item_mark_.clear();
    } else {
        keep(builder_.add(BlockKind::paragraph, text));
    }
}

}  // namespace moat::adapters
