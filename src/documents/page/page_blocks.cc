#include "documents/page/page_blocks.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "documents/chapter_headings.h"
#include "documents/characters.h"
#include "documents/page/page_columns.h"
#include "documents/page/page_lines.h"
#include "documents/page/page_tables.h"

namespace moat::documents {
namespace {

using Row = std::vector<Piece>;

// In sizes of the font.
constexpr float kCellGap = 1.8F;       // wider than any word space in running text
constexpr float kIndent = 0.8F;        // of a paragraph's first line
constexpr float kLooseLeading = 1.3F;  // against the column's usual distance of lines

bool ends_sentence(std::string_view text) {
    if (text.empty()) return false;
    const char32_t c = previous_character(text, text.size());
    constexpr std::u32string_view kEnds = U".!?:;。！？：；”」』)）؟";
    return kEnds.contains(c);
}

// "Chapter 1 ........ 5": the dots lead the eye and say nothing.
std::string without_leaders(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        std::size_t dots = 0;
        while (end < text.size()) {
            std::size_t next = end;
            const char32_t c = next_character(text, next);
            if (c != '.' && c != U'·' && c != U'…' && c != '_' && (c != ' ' || dots == 0)) break;
            dots += c == ' ' ? 0U : c == U'…' ? 3U : 1U;
            end = next;
        }
        if (dots >= 5) {
            out += ' ';
            at = end;
        } else {
            const std::size_t begin = at;
            next_character(text, at);
            out += text.substr(begin, at - begin);
        }
    }
    return out;
}

// Pieces that are cells rather than words of one line?
bool is_tabular(const Row& row) {
    if (row.front().table >= 0 || row.size() < 2) return false;
    float widest = 0;
    for (std::size_t i = 1; i < row.size(); ++i) {
        const float gap = row[i].extent.u0 - row[i - 1].extent.u1;
        widest = std::max(widest, gap / std::min(row[i].size, row[i - 1].size));
    }
    return widest > kCellGap;
}

Piece joined(const Row& row) {
    Piece line = row.front();
    for (std::size_t i = 1; i < row.size(); ++i)
        append_piece(line, row[i]);
    return line;
}

// What is usual in a column.
struct ColumnShape {
    float left = 0;
    float right = 0;
    float leading = 0;  // distance of baselines in sizes of the font

    explicit ColumnShape(const std::vector<Row>& rows) {
        std::vector<float> lefts;
        std::vector<float> rights;
        std::vector<float> leadings;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            lefts.push_back(rows[i].front().extent.u0);
            rights.push_back(rows[i].back().extent.u1);
            if (i == 0) continue;
            const float size = std::max(rows[i].front().size, 0.1F);
            const float step = (rows[i].front().baseline - rows[i - 1].front().baseline) / size;
            if (step > 0.5F && step < 4) leadings.push_back(step);
        }
        left = quantile(lefts, 10);
        right = quantile(rights, 90);
        leading = leadings.empty() ? 1.3F : quantile(leadings, 40);
    }

  private:
    static float quantile(std::vector<float>& values, std::size_t percent) {
        std::ranges::sort(values);
        return values[std::min(values.size() * percent / 100, values.size() - 1)];
    }
};

class BlockBuilder {
  public:
    BlockBuilder(const PageFrame& frame, const std::vector<PageTable>& tables)
        : frame_(frame), tables_(tables) {}

    void add_column(const Column& column) {
        const std::vector<Row> rows = rows_of(column);
        const ColumnShape shape(rows);
        for (std::size_t i = 0; i < rows.size();) {
            const std::size_t end = end_of_table(rows, i);
            if (rows[i].front().table >= 0) {
                flush();
                add_table(tables_[static_cast<std::size_t>(rows[i].front().table)], rows[i]);
                ++i;
            } else if (end - i >= 2) {
                flush();
                add_table(
                    align_columns(
                        {rows.begin() + static_cast<std::ptrdiff_t>(i),
                         rows.begin() + static_cast<std::ptrdiff_t>(end)}
                    ),
                    rows[i]
                );
                i = end;
            } else {
                add_line(joined(rows[i]), shape);
                ++i;
            }
        }
        flush();
    }

    std::vector<PageBlock> blocks;

  private:
    // Behind the last of the tabular rows that begin at `begin`. A lone short row between two
    // tabular ones belongs to them: a cell of two lines, a heading of a group.
    static std::size_t end_of_table(const std::vector<Row>& rows, std::size_t begin) {
        std::size_t end = begin;
        while (end < rows.size()) {
            if (is_tabular(rows[end])) {
                ++end;
            } else if (end > begin && end + 1 < rows.size() && rows[end].front().table < 0 &&
                       is_tabular(rows[end + 1]) && near(rows[end - 1], rows[end]) &&
                       near(rows[end], rows[end + 1])) {
                end += 2;
            } else {
                break;
            }
        }
        return end;
    }

    static bool near(const Row& above, const Row& below) {
        const float step = below.front().baseline - above.front().baseline;
        if (step < 0 || step >= 2.5F * std::max(above.front().size, below.front().size))
            return false;
        return below.size() != 1 || joined(below).text.size() < 80;
    }

    void add_table(const PageTable& table, const Row& first) {
        for (const PageTable::Row& row : table.rows) {
            PageBlock block;
            block.is_row = true;
            for (const std::string& cell : row.cells)
                block.cells.push_back(without_leaders(cell));
            block.box = frame_.box_of(row.extent);
            block.size = first.front().size;
            blocks.push_back(std::move(block));
        }
    }

    void add_line(const Piece& line, const ColumnShape& shape) {
        if (open_ && begins_paragraph(line, shape)) {
            const bool font_only = line.bold != last_.bold && !begins_after_gap(line, shape);
            flush(font_only && shape.right - last_.extent.u1 < 0.1F * (shape.right - shape.left));
        }
        if (!open_) {
            open_ = true;
            first_ = line;
            extent_ = line.extent;
            text_.clear();
            lines_ = 0;
        }
        join_line(text_, line.text);
        extent_.include(line.extent);
        last_ = line;
        ++lines_;
    }

    bool begins_after_gap(const Piece& line, const ColumnShape& shape) const {
        const float step = (line.baseline - last_.baseline) / std::max(line.size, last_.size);
        return step < 0 || step > shape.leading * kLooseLeading + 0.1F;
    }

    bool begins_paragraph(const Piece& line, const ColumnShape& shape) const {
        const float size = std::max(line.size, last_.size);
        if (std::abs(line.size - last_.size) > 0.12F * size || line.bold != last_.bold) return true;
        if (begins_after_gap(line, shape)) return true;
        if (begins_list_item(line.text) || chapter_level(line.text) > 0) return true;
        if (chapter_level(last_.text) > 0) return true;
        if (!is_centred(last_, shape) || !is_centred(line, shape)) {
            // A line ends where the next word does not fit: else something new begins.
            const float free = shape.right - last_.extent.u1;
            if (free > first_word_width(line) + 0.8F * size) return true;
        }
        const float indent = line.extent.u0 - shape.left;
        const float last_indent = last_.extent.u0 - shape.left;
        const bool full_before = last_.extent.u1 > shape.right - 0.15F * (shape.right - shape.left);
        // Indented under a flush line: a new first line, unless a list item goes on.
        if (indent > kIndent * size && std::abs(last_indent) < 0.5F * size && indent < 6 * size &&
            !begins_list_item(first_.text))
            return true;
        // Back from an indent that was no first line.
        if (lines_ > 1 && last_indent - indent > kIndent * size && !full_before) return true;
        return !full_before && ends_sentence(last_.text);
    }

    static bool is_centred(const Piece& line, const ColumnShape& shape) {
        const float left = line.extent.u0 - shape.left;
        const float right = shape.right - line.extent.u1;
        return left > line.size && std::abs(left - right) < 1.5F * line.size;
    }

    // About what the line's first word takes, a single character in CJK.
    static float first_word_width(const Piece& line) {
        std::size_t word = 0;
        for (std::size_t at = 0; at < line.text.size();) {
            const char32_t c = next_character(line.text, at);
            if (is_space(c) || (is_cjk(c) && word > 0)) break;
            ++word;
        }
        std::size_t all = 0;
        for (std::size_t at = 0; at < line.text.size(); ++all)
            next_character(line.text, at);
        return line.extent.width() * static_cast<float>(word) /
               static_cast<float>(std::max<std::size_t>(all, 1));
    }

    void flush(bool runs_on = false) {
        if (!open_) return;
        open_ = false;
        PageBlock block;
        block.text = without_leaders(text_);
        block.box = frame_.box_of(extent_);
        block.size = first_.size;
        block.bold = first_.bold;
        block.lines = lines_;
        block.runs_on = runs_on;
        blocks.push_back(std::move(block));
    }

    const PageFrame& frame_;
    const std::vector<PageTable>& tables_;
    bool open_ = false;
    Piece first_;
    Piece last_;
    Extent extent_;
    std::string text_;
    int lines_ = 0;
};

}  // namespace

std::vector<PageBlock> find_blocks(const PageGlyphs& page) {
    std::vector<PageBlock> blocks;
    for (PageFrame& frame : find_frames(page)) {
        const std::vector<PageTable> tables = take_ruled_tables(frame);
        BlockBuilder builder(frame, tables);
        for (const Column& column : find_columns(frame.pieces, frame.rules))
            builder.add_column(column);
        std::ranges::move(builder.blocks, std::back_inserter(blocks));
    }
    return blocks;
}

}  // namespace moat::documents
