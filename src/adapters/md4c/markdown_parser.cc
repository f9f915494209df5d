#include "adapters/md4c/markdown_parser.h"

#include <limits>

#include <fmt/format.h>

#include "adapters/md4c/markdown_events.h"
#include "documents/characters.h"
#include "documents/document_builder.h"
#include "documents/format_registry.h"

namespace moat::adapters {
namespace {

using documents::DocumentBuilder;

// Takes a YAML front matter ("---", lines, "---") off the text; gives its lines.
std::string_view take_front_matter(std::string_view& text) {
    if (!text.starts_with("---\n") && !text.starts_with("---\r\n")) return "";
    std::size_t line = text.find('\n') + 1;
    const std::size_t begin = line;
    while (line < text.size()) {
        const std::size_t end = std::min(text.find('\n', line), text.size());
        const std::string_view content = documents::trim(text.substr(line, end - line));
        if (content == "---" || content == "...") {
            const std::string_view matter = text.substr(begin, line - begin);
            text.remove_prefix(std::min(end + 1, text.size()));
            return matter;
        }
        line = end + 1;
    }
    return "";
}

std::string_view title_of(std::string_view front_matter) {
    while (!front_matter.empty()) {
        const std::size_t end = std::min(front_matter.find('\n'), front_matter.size());
        const std::string_view line = front_matter.substr(0, end);
        front_matter.remove_prefix(std::min(end + 1, front_matter.size()));
        if (!line.starts_with("title:")) continue;
        std::string_view title = documents::trim(line.substr(6));
        const bool quoted = title.size() >= 2 && title.front() == title.back() &&
                            (title.front() == '"' || title.front() == '\'');
        return quoted ? title.substr(1, title.size() - 2) : title;
    }
    return "";
}

}  // namespace

Result<documents::Document> MarkdownParser::parse(
    BytesView data, std::string_view file_name, const documents::ParseLimits& limits
) const {
    TRY_ASSIGN(const documents::DecodedText decoded, decoder_.decode(data, ""));
    DocumentBuilder builder("text/markdown", limits);
    if (decoded.lossy)
        builder.warn(fmt::format("some bytes are no valid {} and were replaced", decoded.encoding));
    std::string_view text = decoded.text;
    if (text.size() > std::numeric_limits<MD_SIZE>::max())
        return Error{ErrorCode::too_large, "is over 4 GB"};
    builder.set_title(title_of(take_front_matter(text)));
    MarkdownEvents events(builder);
    TRY(events.run(text));
    documents::Document document = std::move(builder).finish();
    if (document.title.empty()) document.title = documents::stem_of(file_name);
    return document;
}

}  // namespace moat::adapters
