#include "documents/text_parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "documents/chapter_headings.h"
#include "documents/characters.h"
#include "documents/document_builder.h"
#include "documents/format_registry.h"

namespace moat::documents {
namespace {

constexpr std::size_t kMaxWrapWidth = 100;  // columns; longer lines are no hard-wrapped text

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
        lines.push_back(trim(text.substr(0, end)));
        const std::size_t mark = text.substr(end).starts_with("\r\n") ? 2 : 1;
        text.remove_prefix(std::min(end + mark, text.size()));
    }
    return lines;
}

// Was the text wrapped at a fixed width? Then most lines that are followed by another line of
// their paragraph are nearly as wide as the widest.
bool is_wrapped(const std::vector<std::string_view>& lines) {
    std::size_t widest = 0;
    for (const auto& line : lines)
        widest = std::max(widest, display_width(line));
    if (widest < 40 || widest > kMaxWrapWidth) return false;
    std::size_t inner = 0;
    std::size_t full = 0;
    for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
        if (lines[i].empty() || lines[i + 1].empty()) continue;
        ++inner;
        if (display_width(lines[i]) * 10 >= widest * 7) ++full;
    }
    return inner >= 2 && full * 10 >= inner * 7;
}

}  // namespace

Result<Document> TextParser::parse(
    BytesView data, std::string_view file_name, const ParseLimits& limits
) const {
    TRY_ASSIGN(const DecodedText decoded, decoder_.decode(data, ""));
    DocumentBuilder builder("text/plain", limits);
    if (decoded.lossy)
        builder.warn(fmt::format("some bytes are no valid {} and were replaced", decoded.encoding));

    const std::vector<std::string_view> lines = lines_of(decoded.text);
    const bool wrapped = is_wrapped(lines);
    std::string paragraph;
    const auto flush = [&]() -> Status {
        const BlockKind kind =
            begins_list_item(paragraph) ? BlockKind::list_item : BlockKind::paragraph;
        TRY(builder.add(kind, paragraph));
        paragraph.clear();
        return Ok{};
    };
    for (const std::string_view line : lines) {
        const int level = chapter_level(line);
        if (line.empty() || level > 0 || !wrapped || begins_list_item(line)) TRY(flush());
        if (level > 0) {
            TRY(builder.add_heading(level, line));
        } else {
            join_line(paragraph, line);
        }
    }
    TRY(flush());
    builder.set_title(stem_of(file_name));
    return std::move(builder).finish();
}

}  // namespace moat::documents
