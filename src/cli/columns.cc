#include "cli/columns.h"

#include <algorithm>
#include <span>
#include <sys/ioctl.h>
#include <unistd.h>

namespace moat::cli {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// East Asian wide and full-width blocks (Unicode 15, UAX 11), rounded to whole blocks.
constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x2614, 0x2615},
    {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},   {0x274C, 0x274C},
    {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},   {0x2B50, 0x2B50},
    {0x2B55, 0x2B55},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF},
    {0x20000, 0x3FFFD},
};

// Marks, joiners and variation selectors, rounded to whole blocks.
constexpr Range kMarks[] = {
    {0x0300, 0x036F},
    {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF},
    {0x200B, 0x200F},
    {0x202A, 0x202E},
    {0x2060, 0x2064},
    {0x20D0, 0x20FF},
    {0x302A, 0x302D},
    {0x3099, 0x309A},
    {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F},
    {0xFEFF, 0xFEFF},
    {0x1F3FB, 0x1F3FF},
    {0xE0100, 0xE01EF},
};

bool is_in(std::span<const Range> ranges, char32_t c) {
    return std::ranges::any_of(ranges, [c](Range r) { return c >= r.first && c <= r.last; });
}

}  // namespace

std::size_t columns_of(char32_t c) {
    if (c < 0x300) return 1;
    if (is_in(kMarks, c)) return 0;
    return is_in(kWide, c) ? 2 : 1;
}

std::size_t character_bytes(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    if (byte < 0xC2) return 1;
    if (byte < 0xE0) return 2;
    if (byte < 0xF0) return 3;
    return byte < 0xF5 ? 4 : 1;
}

char32_t first_character(std::string_view text) {
    constexpr char32_t kIllFormed = 0xFFFD;
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return lead;
    const std::size_t length = character_bytes(text.front());
    if (length == 1 || text.size() < length) return kIllFormed;
    char32_t code = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xC0) != 0x80) return kIllFormed;
        code = code << 6 | (byte & 0x3FU);
    }
    return code;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        width += columns_of(first_character(text));
        text.remove_prefix(std::min(character_bytes(text.front()), text.size()));
    }
    return width;
}

std::string fit(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns) return std::string(text);
    std::string kept;
    std::size_t width = 1;  // of the ellipsis
    while (!text.empty()) {
        width += columns_of(first_character(text));
        if (width > columns) break;
        const std::size_t bytes = std::min(character_bytes(text.front()), text.size());
        kept += text.substr(0, bytes);
        text.remove_prefix(bytes);
    }
    return kept + "…";
}

std::size_t terminal_columns() {
    for (const int file : {STDOUT_FILENO, STDERR_FILENO}) {
        winsize size{};
        if (::ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    }
    return 80;
}

}  // namespace moat::cli
