#include "cli/word_wrap.h"

#include <utility>

#include <fmt/core.h>

#include "cli/columns.h"

namespace moat::cli {
namespace {

constexpr std::size_t kTabStop = 8;

bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E);
}

// Punctuation that may not begin a line.
bool closes(char32_t c) {
    constexpr std::u32string_view kClosing = U"、。，．：；？！）］｝〉》」』】〕〗”’…·％!),.:;?]}";
    return kClosing.find(c) != std::u32string_view::npos;
}

// Punctuation that may not end one.
bool opens(char32_t c) {
    constexpr std::u32string_view kOpening = U"（［｛〈《「『【〔〖“‘([{";
    return kOpening.find(c) != std::u32string_view::npos;
}

bool may_break_between(char32_t before, char32_t after) {
    if (columns_of(after) == 0 || closes(after) || opens(before)) return false;
    return columns_of(before) == 2 || columns_of(after) == 2;
}

}  // namespace

std::string WordWrap::feed(std::string_view piece) {
    std::string text = std::move(partial_);
    partial_.clear();
    text += piece;
    std::string out;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t bytes = character_bytes(rest.front());
        if (bytes > rest.size()) {
            partial_ = rest;
            break;
        }
        add(first_character(rest), rest.substr(0, bytes), out);
        rest.remove_prefix(bytes);
    }
    return out;
}

void WordWrap::break_line(std::string& out) {
    out += '\n';
    column_ = 0;
    word_.clear();
    word_columns_ = 0;
}

void WordWrap::add_space(char32_t c, std::string& out) {
    const std::size_t to = c == '\t' ? (column_ / kTabStop + 1) * kTabStop : column_ + 1;
    // A space that does not fit is what the line's end stands for.
    if (columns_ > 0 && to > columns_) return break_line(out);
    out += static_cast<char>(c);
    column_ = to;
    word_.clear();
    word_columns_ = 0;
}

void WordWrap::add(char32_t c, std::string_view bytes, std::string& out) {
    const char32_t before = std::exchange(last_, c);
    if (c == '\n') return break_line(out);
    if (c == ' ' || c == '\t') return add_space(c, out);
    if (is_control(c)) return;
    const std::size_t width = columns_of(c);
    if (!word_.empty() && may_break_between(before, c)) {
        word_.clear();
        word_columns_ = 0;
    }
    if (columns_ > 0 && column_ + width > columns_) {
        const bool fits_below = word_columns_ < column_ && word_columns_ + width <= columns_;
        if (!fits_below) {
            break_line(out);
        } else if (word_.empty()) {
            out += '\n';
        } else {
            out += fmt::format("\x1b[{}D\x1b[K\n{}", word_columns_, word_);
        }
        column_ = word_columns_;
    }
    out += bytes;
    word_ += bytes;
    word_columns_ += width;
    column_ += width;
}

}  // namespace moat::cli
