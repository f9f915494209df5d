#include "adapters/md4c/markdown_events.h"

#include <fmt/format.h>

#include "adapters/md4c/html_text.h"
#include "documents/characters.h"

namespace moat::adapters {

using documents::BlockKind;

int MarkdownEvents::on_enter_block(MD_BLOCKTYPE type, void* detail, void* self) {
    auto& events = *static_cast<MarkdownEvents*>(self);
    // Text directly inside an item ends where a block inside the item begins.
    events.status_ = type == MD_BLOCK_TH || type == MD_BLOCK_TD ? Status(Ok{}) : events.flush();
    events.enter(type, detail);
    return events.status_ ? 0 : 1;
}

int MarkdownEvents::on_leave_block(MD_BLOCKTYPE type, void* detail, void* self) {
    auto& events = *static_cast<MarkdownEvents*>(self);
    events.status_ = events.leave(type, detail);
    return events.status_ ? 0 : 1;
}

int MarkdownEvents::on_enter_span(MD_SPANTYPE, void*, void*) {
    return 0;
}

int MarkdownEvents::on_leave_span(MD_SPANTYPE, void*, void*) {
    return 0;
}

int MarkdownEvents::on_text(MD_TEXTTYPE type, const char* text, MD_SIZE size, void* self) {
    static_cast<MarkdownEvents*>(self)->append(type, {text, size});
    return 0;
}

Status MarkdownEvents::run(std::string_view markdown) {
    MD_PARSER parser{};
    parser.flags = MD_DIALECT_GITHUB;
    parser.enter_block = on_enter_block;
    parser.leave_block = on_leave_block;
    parser.enter_span = on_enter_span;
    parser.leave_span = on_leave_span;
    parser.text = on_text;
    const int code =
        md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, this);
    TRY(std::move(status_));
    if (code != 0) return Error{ErrorCode::corrupt, "is no readable Markdown"};
    return Ok{};
}

void MarkdownEvents::enter(MD_BLOCKTYPE type, const void* detail) {
    if (type == MD_BLOCK_UL) {
        lists_.emplace_back();
    } else if (type == MD_BLOCK_OL) {
        lists_.push_back(
            {.numbered = true, .next_number = static_cast<const MD_BLOCK_OL_DETAIL*>(detail)->start}
        );
    } else if (type == MD_BLOCK_LI && !lists_.empty()) {
        lists_.back().item_begins = true;
    } else if (type == MD_BLOCK_TR) {
        cells_.clear();
    }
}

Status MarkdownEvents::leave(MD_BLOCKTYPE type, const void* detail) {
    switch (type) {
        case MD_BLOCK_H: {
            const std::string heading = std::move(text_);
            text_.clear();
            return builder_.add_heading(
                static_cast<int>(static_cast<const MD_BLOCK_H_DETAIL*>(detail)->level), heading
            );
        }
        case MD_BLOCK_CODE: {
            const std::string code = std::move(text_);
            text_.clear();
            return builder_.add(BlockKind::code, code);
        }
        case MD_BLOCK_HTML: {
            const std::string html = std::move(text_);
            text_ = text_of_raw_html(html);
            return flush();
        }
        case MD_BLOCK_TH:
        case MD_BLOCK_TD:
            cells_.push_back(std::move(text_));
            text_.clear();
            return Ok{};
        case MD_BLOCK_TR:
            return builder_.add_row(cells_);
        case MD_BLOCK_UL:
        case MD_BLOCK_OL: {
            const Status status = flush();
            if (!lists_.empty()) lists_.pop_back();
            return status;
        }
        default:
            return flush();
    }
}

void MarkdownEvents::append(MD_TEXTTYPE type, std::string_view text) {
    if (type == MD_TEXT_BR) {
        text_ += '\n';
    } else if (type == MD_TEXT_SOFTBR) {
        soft_break_ = true;
    } else if (type == MD_TEXT_NULLCHAR) {
        text_ += "\xEF\xBF\xBD";
    } else if (type == MD_TEXT_CODE) {
        if (soft_break_ && !text_.empty()) text_ += ' ';
        text_ += text;
        soft_break_ = false;
    } else {
        std::size_t at = 0;
        if (soft_break_ && !text_.empty() && !text.empty()) {
            const bool cjk =
                documents::is_cjk(documents::previous_character(text_, text_.size())) &&
                documents::is_cjk(documents::next_character(text, at));
            if (!cjk) text_ += ' ';
        }
        soft_break_ = false;
        if (type == MD_TEXT_ENTITY) {
            text_ += resolve_entity(text);
        } else if (type == MD_TEXT_HTML && text.starts_with('<') && text.ends_with('>')) {
            text_ += text_of_raw_html(text);  // one tag inside a line, or one line of a block
        } else {
            text_ += text;
        }
    }
}

Status MarkdownEvents::flush() {
    soft_break_ = false;
    const std::string text = std::move(text_);
    text_.clear();
    if (documents::trim(text).empty()) return Ok{};
    if (lists_.empty()) return builder_.add(BlockKind::paragraph, text);
    List& list = lists_.back();
    const bool begins = std::exchange(list.item_begins, false);
    if (!begins || !list.numbered) return builder_.add(BlockKind::list_item, text);
    return builder_.add(BlockKind::list_item, fmt::format("{}. {}", list.next_number++, text));
}

}  // namespace moat::adapters
