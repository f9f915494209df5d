#include "documents/chapter_headings.h"

#include <string>

#include "documents/characters.h"

namespace moat::documents {
namespace {

constexpr std::size_t kMaxHeadingWidth = 60;  // columns

bool is_chinese_digit(char32_t c) {
    constexpr std::u32string_view kDigits = U"零〇一二三四五六七八九十百千两";
    return kDigits.contains(c) || (c >= '0' && c <= '9');
}

bool is_bullet(char32_t c) {
    constexpr std::u32string_view kBullets = U"-*+•·‣◦▪■●○◆◇※–—";
    // Empty boxes are not here: they are ticked or not, and belong to what they stand before.
    return kBullets.contains(c) || (c >= 0x25A2 && c <= 0x25FF) || (c >= 0xF0A0 && c <= 0xF0FF);
}

bool is_enclosed_number(char32_t c) {
    return (c >= 0x2460 && c <= 0x24FF) || (c >= 0x2776 && c <= 0x2793);
}

struct Cursor {
    std::string_view text;
    std::size_t at = 0;

    char32_t peek() const {
        std::size_t copy = at;
        return at < text.size() ? next_character(text, copy) : 0;
    }
    char32_t take() { return at < text.size() ? next_character(text, at) : 0; }
    // How many Chinese or Arabic digits follow; moves behind them.
    int take_digits() {
        int count = 0;
        while (is_chinese_digit(peek())) {
            take();
            ++count;
        }
        return count;
    }
};

}  // namespace

int chapter_level(std::string_view line) {
    line = trim(line);
    if (!line.starts_with("第") || display_width(line) > kMaxHeadingWidth) return 0;
    Cursor cursor{line};
    cursor.take();
    while (is_space(cursor.peek()))
        cursor.take();
    if (cursor.take_digits() == 0) return 0;
    while (is_space(cursor.peek()))
        cursor.take();
    const char32_t unit = cursor.take();
    const int level = unit == U'编' ? 1 : unit == U'章' ? 2 : unit == U'节' ? 3 : 0;
    if (level == 0) return 0;
    // "第三章规定的..." inside running text ends like a sentence; "第三节课" has no gap.
    const char32_t last = previous_character(line, line.size());
    const bool sentence = last == U'。' || last == U'；' || last == U'，' || last == U'：';
    const bool gap = cursor.peek() == 0 || is_space(cursor.peek());
    return !sentence && (gap || display_width(line) <= 30) ? level : 0;
}

bool begins_list_item(std::string_view line) {
    Cursor cursor{trim(line)};
    char32_t c = cursor.peek();
    if (is_enclosed_number(c)) return true;
    if (is_bullet(c)) {
        cursor.take();
        return is_space(cursor.peek());
    }
    const bool bracket = c == '(' || c == U'（';
    if (bracket) cursor.take();
    const bool latin = cursor.peek() >= 'a' && cursor.peek() <= 'z';
    int count = latin ? 1 : 0;
    if (latin) {
        cursor.take();
    } else {
        count = cursor.take_digits();
    }
    if (count == 0 || count > 3) return false;
    c = cursor.take();
    if (bracket) return c == ')' || c == U'）';
    if (c == U'、') return true;
    return (c == '.' || c == ')') && is_space(cursor.peek()) && !(latin && c == '.');
}

}  // namespace moat::documents
