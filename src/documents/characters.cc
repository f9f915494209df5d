#include "documents/characters.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace moat::documents {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

template <std::size_t N>
bool in_ranges(const std::array<Range, N>& ranges, char32_t c) {
    const auto after =
        std::upper_bound(ranges.begin(), ranges.end(), c, [](char32_t value, const Range& r) {
            return value < r.first;
        });
    return after != ranges.begin() && c <= std::prev(after)->last;
}

constexpr std::array<Range, 17> kCjk{{
    {0x1100, 0x11FF},    // hangul jamo
    {0x2E80, 0x2FFF},    // radicals, description characters
    {0x3001, 0x303F},    // punctuation (not the ideographic space)
    {0x3040, 0x30FF},    // hiragana, katakana
    {0x3100, 0x312F},    // bopomofo
    {0x3130, 0x318F},    // hangul compatibility jamo
    {0x3190, 0x31FF},    // kanbun, bopomofo, strokes, katakana
    {0x3200, 0x33FF},    // enclosed, compatibility
    {0x3400, 0x4DBF},    // extension A
    {0x4E00, 0x9FFF},    // unified ideographs
    {0xA960, 0xA97F},    // hangul jamo extended
    {0xAC00, 0xD7FF},    // hangul syllables
    {0xF900, 0xFAFF},    // compatibility ideographs
    {0xFE30, 0xFE4F},    // vertical forms
    {0xFF00, 0xFFEF},    // full-width forms
    {0x1F200, 0x1F2FF},  // enclosed ideographs
    {0x20000, 0x3FFFF},  // extensions B and later
}};

constexpr std::array<Range, 6> kRightToLeft{{
    {0x0590, 0x08FF},  // Hebrew, Arabic, Syriac, Thaana, NKo
    {0xFB1D, 0xFDFF},  // presentation forms
    {0xFE70, 0xFEFE},
    {0x10800, 0x10FFF},
    {0x1E800, 0x1EFFF},
    {0x200F, 0x200F},
}};

constexpr std::array<Range, 14> kExtending{{
    {0x0300, 0x036F},
    {0x0591, 0x05BD},
    {0x0610, 0x061A},
    {0x064B, 0x065F},
    {0x06D6, 0x06DC},
    {0x0900, 0x0903},
    {0x093A, 0x094F},
    {0x0E31, 0x0E3A},
    {0x1AB0, 0x1AFF},
    {0x200C, 0x200D},
    {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F},
    {0x1F3FB, 0x1F3FF},
    {0xE0100, 0xE01EF},
}};

// Bytes in the sequence that starts with `lead`; 0 for a byte that starts none.
std::size_t sequence_length(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    if (lead < 0xE0) return 2;
    if (lead < 0xF0) return 3;
    return lead < 0xF5 ? 4 : 0;
}

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80;
}

// One line of clean_text().
void append_clean_line(std::string& out, std::string_view line) {
    const std::size_t begin = out.size();
    bool blank = false;
    for (std::size_t at = 0; at < line.size();) {
        const char32_t c = next_character(line, at);
        if (is_invisible(c)) continue;
        if (is_space(c)) {
            blank = true;
            continue;
        }
        if (blank && out.size() > begin) out += ' ';
        blank = false;
        append_character(out, c);
    }
}

void append_code_line(std::string& out, std::string_view line) {
    for (std::size_t at = 0; at < line.size();) {
        const char32_t c = next_character(line, at);
        if (!is_invisible(c)) append_character(out, c);
    }
    while (out.ends_with(' ') || out.ends_with('\t'))
        out.pop_back();
}

template <class AppendLine>
std::string clean_lines(std::string_view text, AppendLine append_line) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!out.empty() && !out.ends_with("\n\n")) out += '\n';
        append_line(out, line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    while (out.ends_with('\n'))
        out.pop_back();
    const std::size_t first = std::min(out.find_first_not_of('\n'), out.size());
    out.erase(0, first);
    return out;
}

// "infor-", but neither "5-" nor a dash that stands alone.
bool ends_in_divided_word(std::string_view text) {
    const std::size_t hyphen = text.ends_with('-') ? 1 : 3;
    if (text.size() <= hyphen) return false;
    const char before = text[text.size() - hyphen - 1];
    return (before >= 'a' && before <= 'z') || static_cast<unsigned char>(before) >= 0x80;
}

}  // namespace

char32_t next_character(std::string_view text, std::size_t& at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = sequence_length(lead);
    if (length == 1) return text[at++] & 0x7F;
    if (length == 0 || at + length > text.size()) {
        ++at;
        return kReplacement;
    }
    char32_t c = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[at + i])) {
            ++at;
            return kReplacement;
        }
        c = (c << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    }
    at += length;
    return c;
}

char32_t previous_character(std::string_view text, std::size_t end) {
    std::size_t at = end - 1;
    while (at > 0 && end - at < 4 && is_continuation(text[at]))
        --at;
    return next_character(text.substr(0, end), at);
}

void append_character(std::string& out, char32_t c) {
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = kReplacement;
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0U | (c >> 6U));
        out += static_cast<char>(0x80U | (c & 0x3FU));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0U | (c >> 12U));
        out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
        out += static_cast<char>(0x80U | (c & 0x3FU));
    } else {
        out += static_cast<char>(0xF0U | (c >> 18U));
        out += static_cast<char>(0x80U | ((c >> 12U) & 0x3FU));
        out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
        out += static_cast<char>(0x80U | (c & 0x3FU));
    }
}

bool is_space(char32_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

bool is_cjk(char32_t c) {
    return c >= 0x1100 && in_ranges(kCjk, c);
}

bool is_right_to_left(char32_t c) {
    return c >= 0x0590 && in_ranges(kRightToLeft, c);
}

bool extends_character(char32_t c) {
    return c >= 0x0300 && in_ranges(kExtending, c);
}

bool is_invisible(char32_t c) {
    if (c < 0x20) return c != '\t' && c != '\n';
    return (c >= 0x7F && c < 0xA0 && c != 0x85) || c == 0xAD || c == 0x200B || c == 0x200E ||
           c == 0x200F || (c >= 0x202A && c <= 0x202E) || c == 0x2060 || c == 0xFEFF ||
           (c & 0xFFFE) == 0xFFFE;
}

std::string_view trim(std::string_view text) {
    while (!text.empty()) {
        std::size_t at = 0;
        if (!is_space(next_character(text, at))) break;
        text.remove_prefix(at);
    }
    while (!text.empty() && is_space(previous_character(text, text.size()))) {
        std::size_t last = text.size() - 1;
        while (last > 0 && is_continuation(text[last]))
            --last;
        text = text.substr(0, last);
    }
    return text;
}

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

std::size_t weighted_size(std::string_view text) {
    std::size_t halves = 0;
    for (std::size_t at = 0; at < text.size();)
        halves += is_cjk(next_character(text, at)) ? 5U : 2U;
    return (halves + 1) / 2;
}

std::size_t display_width(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();)
        columns += is_cjk(next_character(text, at)) ? 2U : 1U;
    return columns;
}

std::string clean_text(std::string_view text) {
    return clean_lines(text, append_clean_line);
}

std::string clean_code(std::string_view text) {
    return clean_lines(text, append_code_line);
}

void join_line(std::string& text, std::string_view line) {
    line = trim(line);
    if (line.empty()) return;
    if (const std::string_view kept = trim(text); kept.size() != text.size())
        text = std::string(kept);
    if (text.empty()) {
        text = line;
        return;
    }
    std::size_t at = 0;
    const char32_t right = next_character(line, at);
    const char32_t left = previous_character(text, text.size());
    const bool hyphen = left == '-' || left == 0x2010;
    if (hyphen && right >= 'a' && right <= 'z' && ends_in_divided_word(text)) {
        text.resize(text.size() - (left == '-' ? 1U : 3U));
    } else if (!(is_cjk(left) && is_cjk(right))) {
        text += ' ';
    }
    text += line;
}

}  // namespace moat::documents
