#include "documents/csv_parser.h"

#include <map>

#include <fmt/format.h>

#include "documents/characters.h"
#include "documents/csv_rows.h"
#include "documents/document_builder.h"
#include "documents/format_registry.h"

namespace moat::documents {
namespace {

constexpr std::size_t kMaxColumns = 10'000;

// Names made usable: none empty, none twice.
std::vector<std::string> field_names(const std::vector<std::string>& header) {
    std::vector<std::string> names;
    std::map<std::string, int> seen;
    for (std::size_t i = 0; i < header.size(); ++i) {
        std::string name = clean_text(header[i]);
        for (char& c : name) {
            if (c == '\n') c = ' ';
        }
        if (name.empty()) name = fmt::format("column {}", i + 1);
        const int count = ++seen[name];
        if (count > 1) name += fmt::format(" ({})", count);
        names.push_back(std::move(name));
    }
    return names;
}

// The text of the only cell that is not empty; empty when there are more or none.
std::string lone_cell(const std::vector<std::string>& row) {
    std::string lone;
    for (const std::string& cell : row) {
        std::string text = clean_text(cell);
        if (text.empty()) continue;
        if (!lone.empty()) return "";
        lone = std::move(text);
    }
    return lone;
}

}  // namespace

Result<Document> CsvParser::parse(
    BytesView data, std::string_view file_name, const ParseLimits& limits
) const {
    TRY_ASSIGN(const DecodedText decoded, decoder_.decode(data, ""));
    DocumentBuilder builder("text/csv", limits);
    if (decoded.lossy)
        builder.warn(fmt::format("some bytes are no valid {} and were replaced", decoded.encoding));

    CsvRows rows(decoded.text, find_separator(decoded.text));
    auto header = rows.next();
    if (!header) return Error{ErrorCode::corrupt, "has no rows"};
    // A name behind one empty cell heads the only column beside the numbers of the rows.
    const bool numbered = header->size() == 2 && clean_text(header->front()).empty();
    if (const auto title = lone_cell(*header); !title.empty() && header->size() > 1 && !numbered) {
        // A title above the header: "Leave in 2024,,,".
        builder.set_title(title);
        if (auto second = rows.next()) header = std::move(second);
    }
    builder.set_title(stem_of(file_name));
    std::vector<std::string> names = field_names(*header);
    std::size_t ragged = 0;
    for (auto row = rows.next(); row; row = rows.next()) {
        if (row->size() > kMaxColumns)
            return Error{ErrorCode::too_large, fmt::format("has over {} columns", kMaxColumns)};
        if (row->size() != header->size()) ++ragged;
        while (names.size() < row->size())
            names.push_back(fmt::format("column {}", names.size() + 1));
        std::vector<std::pair<std::string, std::string>> fields;
        fields.reserve(row->size());
        for (std::size_t i = 0; i < row->size(); ++i)
            fields.emplace_back(names[i], std::move((*row)[i]));
        TRY(builder.add_record(fields));
    }
    if (ragged > 0)
        builder.warn(fmt::format("{} rows have more or fewer cells than the first", ragged));
    if (rows.unclosed_quote_line() > 0)
        builder.warn(fmt::format("the quote in line {} is never closed", rows.unclosed_quote_line())
        );
    if (builder.empty()) {
        TRY(builder.add_row(names));
        builder.warn("only one row, which names the fields");
    }
    return std::move(builder).finish();
}

}  // namespace moat::documents
