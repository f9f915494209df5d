#include "documents/document_builder.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "documents/characters.h"

namespace moat::documents {
namespace {

constexpr std::size_t kMaxWarnings = 100;
constexpr std::size_t kMaxRowSize = 3000;      // weighted characters
constexpr std::size_t kMaxHeadingBytes = 500;  // in a path; the heading block keeps its text

std::string one_line(std::string_view text) {
    std::string out = clean_text(text);
    std::ranges::replace(out, '\n', ' ');
    return out;
}

Block block_at(const Place& place, BlockKind kind, std::string text) {
    Block block;
    block.kind = kind;
    block.text = std::move(text);
    block.page = place.page;
    block.box = place.box;
    return block;
}

}  // namespace

DocumentBuilder::DocumentBuilder(std::string media_type, const ParseLimits& limits)
    : limits_(limits) {
    document_.media_type = std::move(media_type);
}

Status DocumentBuilder::push(Block block) {
    if (block.text.empty()) return Ok{};
    std::size_t bytes = block.text.size();
    for (const auto& [level, heading] : path_) {
        block.headings.push_back(heading);
        bytes += heading.size();
    }
    for (const auto& [name, value] : block.fields)
        bytes += name.size() + value.size();
    text_bytes_ += bytes;
    if (text_bytes_ > limits_.max_text_bytes) {
        return Error{
            ErrorCode::too_large,
            fmt::format("holds more than {} MB of text", limits_.max_text_bytes >> 20U)
        };
    }
    if (document_.blocks.size() >= limits_.max_blocks) {
        return Error{
            ErrorCode::too_large,
            fmt::format("has more than {} paragraphs or rows", limits_.max_blocks)
        };
    }
    document_.blocks.push_back(std::move(block));
    return Ok{};
}

Status DocumentBuilder::add_heading(int level, std::string_view text, const Place& place) {
    level = std::clamp(level, 1, 6);
    std::string line = one_line(text);
    if (line.empty()) return Ok{};
    while (!path_.empty() && path_.back().first >= level)
        path_.pop_back();
    if (first_heading_.empty()) first_heading_ = line;
    std::string heading(utf8_prefix(line, kMaxHeadingBytes));
    Block block = block_at(place, BlockKind::heading, std::move(line));
    block.level = level;
    TRY(push(std::move(block)));
    path_.emplace_back(level, std::move(heading));
    return Ok{};
}

Status DocumentBuilder::add(BlockKind kind, std::string_view text, const Place& place) {
    return push(block_at(place, kind, kind == BlockKind::code ? clean_code(text) : clean_text(text))
    );
}

Status DocumentBuilder::add_row(const std::vector<std::string>& cells, const Place& place) {
    std::string text;
    bool any = false;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string cell = one_line(cells[i]);
        any = any || !cell.empty();
        if (i > 0) text += cell.empty() ? " |" : " | ";
        text += cell;
    }
    if (!any) return Ok{};
    if (weighted_size(text) <= kMaxRowSize)
        return push(block_at(place, BlockKind::table_row, std::move(text)));
    for (const std::string& cell : cells)
        TRY(add(BlockKind::paragraph, cell, place));
    return Ok{};
}

Status DocumentBuilder::add_record(const std::vector<std::pair<std::string, std::string>>& fields) {
    Block block;
    block.kind = BlockKind::record;
    for (const auto& [name, value] : fields) {
        std::string cleaned = clean_text(value);
        if (cleaned.empty()) continue;
        if (!block.text.empty()) block.text += '\n';
        block.text += name;
        block.text += ": ";
        block.text += cleaned;
        block.fields.emplace_back(name, std::move(cleaned));
    }
    return push(std::move(block));
}

void DocumentBuilder::set_title(std::string_view title) {
    if (document_.title.empty()) document_.title = utf8_prefix(one_line(title), kMaxHeadingBytes);
}

void DocumentBuilder::warn(std::string warning) {
    if (document_.warnings.size() < kMaxWarnings) document_.warnings.push_back(std::move(warning));
}

Document DocumentBuilder::finish() && {
    set_title(first_heading_);
    return std::move(document_);
}

}  // namespace moat::documents
