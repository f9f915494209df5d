#include "documents/page/page_tables.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "documents/characters.h"

namespace moat::documents {
namespace {

constexpr float kTouch = 2.5F;         // points: rules that end this close to each other meet
constexpr std::size_t kLongLine = 40;  // weighted characters: longer lines are running text
constexpr std::size_t kMaxRules = 4000;
constexpr std::size_t kMaxLines = 300;  // of a grid, each way

// Disjoint sets of the numbers 0..count-1.
class Sets {
  public:
    explicit Sets(std::size_t count) : parent_(count) {
        std::iota(parent_.begin(), parent_.end(), std::size_t{0});
    }
    std::size_t find(std::size_t i) {
        while (parent_[i] != i)
            i = parent_[i] = parent_[parent_[i]];
        return i;
    }
    void unite(std::size_t a, std::size_t b) { parent_[find(b)] = find(a); }

  private:
    std::vector<std::size_t> parent_;
};

bool is_across(const Extent& rule) {
    return rule.width() >= rule.height();
}

bool touch(const Extent& a, const Extent& b) {
    return a.u0 <= b.u1 + kTouch && b.u0 <= a.u1 + kTouch && a.v0 <= b.v1 + kTouch &&
           b.v0 <= a.v1 + kTouch;
}

// Rules that hang together. Sorted by v0, so that only near ones are compared.
std::vector<std::vector<Extent>> connected(std::vector<Extent> rules) {
    if (rules.size() > kMaxRules) return {};
    std::ranges::sort(rules, {}, &Extent::v0);
    Sets sets(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) {
        for (std::size_t j = i + 1; j < rules.size(); ++j) {
            if (rules[j].v0 > rules[i].v1 + kTouch) break;
            if (touch(rules[i], rules[j])) sets.unite(i, j);
        }
    }
    std::map<std::size_t, std::vector<Extent>> groups;
    for (std::size_t i = 0; i < rules.size(); ++i)
        groups[sets.find(i)].push_back(rules[i]);
    std::vector<std::vector<Extent>> out;
    for (auto& [root, group] : groups)
        out.push_back(std::move(group));
    return out;
}

// Positions that are nearly the same are one.
std::vector<float> merged(std::vector<float> positions) {
    std::ranges::sort(positions);
    std::vector<float> out;
    for (const float position : positions) {
        if (out.empty() || position - out.back() > kTouch) out.push_back(position);
    }
    return out;
}

// The grid that a group of rules draws.
class Grid {
  public:
    explicit Grid(const std::vector<Extent>& rules) : rules_(rules) {
        std::vector<float> us;
        std::vector<float> vs;
        extent_ = rules.front();
        for (const Extent& rule : rules) {
            extent_.include(rule);
            (is_across(rule) ? vs : us).push_back(is_across(rule) ? rule.mid_v() : rule.mid_u());
        }
        // Tables are often open at their sides.
        us.insert(us.end(), {extent_.u0, extent_.u1});
        vs.insert(vs.end(), {extent_.v0, extent_.v1});
        us_ = merged(std::move(us));
        vs_ = merged(std::move(vs));
    }

    const Extent& extent() const { return extent_; }
    std::size_t columns() const { return us_.size() - 1; }
    std::size_t rows() const { return vs_.size() - 1; }
    bool is_table() const {
        return columns() >= 2 && rows() >= 2 && us_.size() <= kMaxLines && vs_.size() <= kMaxLines;
    }

    // The table with the pieces' text in its cells.
    PageTable fill(const std::vector<Piece>& pieces) const {
        Sets cells(rows() * columns());
        unite_open_cells(cells);
        std::map<std::size_t, std::vector<Piece>> contents;
        for (const Piece& piece : pieces)
            contents[cells.find(cell_at(piece))].push_back(piece);
        std::map<std::size_t, Lines> texts;
        for (auto& [cell, inside] : contents)
            texts.emplace(cell, lines_of(std::move(inside)));

        PageTable table;
        table.extent = extent_;
        for (std::size_t row = 0; row < rows(); ++row) {
            const std::vector<Lines> inside = cells_of_row(row, cells, texts);
            const std::size_t lines = even_lines(inside);
            const float height =
                (vs_[row + 1] - vs_[row]) / static_cast<float>(std::max<std::size_t>(lines, 1));
            for (std::size_t line = 0; line < std::max<std::size_t>(lines, 1); ++line) {
                PageTable::Row out;
                const float top = vs_[row] + height * static_cast<float>(line);
                out.extent = {extent_.u0, top, extent_.u1, top + height};
                for (const Lines& cell : inside)
                    out.cells.push_back(lines < 2 ? joined(cell) : line_at(cell, line, lines));
                table.rows.push_back(std::move(out));
            }
        }
        return table;
    }

  private:
    using Lines = std::vector<std::string>;

    std::vector<Lines> cells_of_row(
        std::size_t row, Sets& cells, const std::map<std::size_t, Lines>& texts
    ) const {
        std::vector<Lines> out;
        std::size_t last = SIZE_MAX;
        for (std::size_t column = 0; column < columns(); ++column) {
            const std::size_t cell = cells.find(row * columns() + column);
            if (cell == last) continue;  // one cell over several columns
            const auto text = texts.find(cell);
            out.push_back(text == texts.end() ? Lines{} : text->second);
            last = cell;
        }
        return out;
    }

    // Many tables rule off only groups of rows. Where nearly all cells hold the same number of
    // lines, each line is a row; 1 otherwise.
    static std::size_t even_lines(const std::vector<Lines>& cells) {
        std::map<std::size_t, std::size_t> counts;
        std::size_t filled = 0;
        std::size_t longest = 0;
        for (const Lines& cell : cells) {
            if (cell.empty()) continue;
            ++filled;
            ++counts[cell.size()];
            for (const std::string& line : cell)
                longest = std::max(longest, weighted_size(line));
        }
        if (filled < 3 || longest > kLongLine) return 1;
        const auto most =
            std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
        // Headings of two lines are common, so two lines say little.
        const std::size_t needed = most->first > 2 ? 7 : 8;
        const bool even =
            most->second * 10 >= filled * needed && counts.rbegin()->first == most->first;
        return even ? most->first : 1;
    }

    // A cell with fewer lines stands beside the whole group.
    static std::string line_at(const Lines& cell, std::size_t line, std::size_t lines) {
        if (cell.size() == lines) return cell[line];
        return joined(cell);
    }

    static std::string joined(const Lines& lines) {
        std::string text;
        for (const std::string& line : lines)
            join_line(text, line);
        return text;
    }

    static std::size_t interval(const std::vector<float>& lines, float position) {
        const auto after = std::ranges::upper_bound(lines, position);
        const auto index = std::distance(lines.begin(), after) - 1;
        const auto last = static_cast<std::ptrdiff_t>(lines.size()) - 2;
        return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(index, 0, last));
    }
    std::size_t cell_at(const Piece& piece) const {
        return interval(vs_, piece.extent.mid_v()) * columns() +
               interval(us_, piece.extent.mid_u());
    }

    bool has_rule_across(float u, float v) const {
        return std::ranges::any_of(rules_, [&](const Extent& rule) {
            return is_across(rule) && std::abs(rule.mid_v() - v) <= kTouch &&
                   rule.u0 - kTouch <= u && u <= rule.u1 + kTouch;
        });
    }
    bool has_rule_down(float u, float v) const {
        return std::ranges::any_of(rules_, [&](const Extent& rule) {
            return !is_across(rule) && std::abs(rule.mid_u() - u) <= kTouch &&
                   rule.v0 - kTouch <= v && v <= rule.v1 + kTouch;
        });
    }

    void unite_open_cells(Sets& cells) const {
        for (std::size_t row = 0; row < rows(); ++row) {
            const float v = (vs_[row] + vs_[row + 1]) / 2;
            for (std::size_t column = 0; column < columns(); ++column) {
                const float u = (us_[column] + us_[column + 1]) / 2;
                const std::size_t cell = row * columns() + column;
                if (column + 1 < columns() && !has_rule_down(us_[column + 1], v))
                    cells.unite(cell, cell + 1);
                if (row + 1 < rows() && !has_rule_across(u, vs_[row + 1]))
                    cells.unite(cell, cell + columns());
            }
        }
    }

    static Lines lines_of(std::vector<Piece> pieces) {
        Lines lines;
        for (std::vector<Piece>& row : rows_of(std::move(pieces))) {
            Piece line = std::move(row.front());
            for (std::size_t i = 1; i < row.size(); ++i)
                append_piece(line, row[i]);
            lines.push_back(std::move(line.text));
        }
        return lines;
    }

    const std::vector<Extent>& rules_;
    Extent extent_;
    std::vector<float> us_;  // vertical lines
    std::vector<float> vs_;  // horizontal lines
};

bool is_inside(const Piece& piece, const Extent& area) {
    const float u = piece.extent.mid_u();
    const float v = piece.extent.mid_v();
    return piece.table < 0 && area.u0 - kTouch < u && u < area.u1 + kTouch &&
           area.v0 - kTouch < v && v < area.v1 + kTouch;
}

}  // namespace

std::vector<PageTable> take_ruled_tables(PageFrame& frame) {
    std::vector<PageTable> tables;
    for (const std::vector<Extent>& rules : connected(frame.rules)) {
        const Grid grid(rules);
        if (!grid.is_table()) continue;
        const auto inside = [&](const Piece& piece) { return is_inside(piece, grid.extent()); };
        std::vector<Piece> pieces;
        std::ranges::copy_if(frame.pieces, std::back_inserter(pieces), inside);
        if (pieces.size() < 2) continue;
        PageTable table = grid.fill(pieces);
        const auto filled = std::ranges::count_if(table.rows, [](const PageTable::Row& row) {
            return std::ranges::count_if(row.cells, [](const auto& cell) {
                       return !cell.empty();
                   }) >= 2;
        });
        if (filled < 2) continue;  // boxes around text, axes of a diagram
        std::erase_if(frame.pieces, inside);
        Piece holder;
        holder.extent = grid.extent();
        holder.baseline = grid.extent().v1;
        holder.size = pieces.front().size;
        holder.table = static_cast<int>(tables.size());
        frame.pieces.push_back(std::move(holder));
        tables.push_back(std::move(table));
    }
    return tables;
}

std::vector<std::vector<Piece>> rows_of(std::vector<Piece> pieces) {
    std::ranges::sort(pieces, {}, [](const Piece& piece) { return piece.extent.mid_v(); });
    std::vector<std::vector<Piece>> rows;
    for (Piece& piece : pieces) {
        const bool joins = !rows.empty() && piece.table < 0 && rows.back().front().table < 0 &&
                           same_line(rows.back().front(), piece);
        if (joins) {
            rows.back().push_back(std::move(piece));
        } else {
            rows.emplace_back();
            rows.back().push_back(std::move(piece));
        }
    }
    for (std::vector<Piece>& row : rows)
        std::ranges::sort(row, {}, [](const Piece& piece) { return piece.extent.u0; });
    return rows;
}

PageTable align_columns(const std::vector<std::vector<Piece>>& rows) {
    // Columns are what is left when the u ranges of all cells are laid over each other; cells that
    // reach over others' columns (headings of a group) are left out of that.
    std::vector<std::pair<float, float>> ranges;
    std::size_t most = 0;
    for (const auto& row : rows)
        most = std::max(most, row.size());
    for (const auto& row : rows) {
        if (row.size() * 2 < most) continue;
        for (const Piece& piece : row)
            ranges.emplace_back(piece.extent.u0, piece.extent.u1);
    }
    std::ranges::sort(ranges);
    std::vector<std::pair<float, float>> columns;
    for (const auto& range : ranges) {
        if (!columns.empty() && range.first < columns.back().second) {
            columns.back().second = std::max(columns.back().second, range.second);
        } else {
            columns.push_back(range);
        }
    }

    PageTable table;
    for (const auto& row : rows) {
        PageTable::Row out;
        out.extent = row.front().extent;
        out.cells.resize(columns.size());
        for (const Piece& piece : row) {
            out.extent.include(piece.extent);
            // The first column that the piece reaches into.
            const auto column = std::ranges::find_if(columns, [&](const auto& range) {
                return piece.extent.u0 < range.second;
            });
            const auto last = std::prev(columns.end());
            std::string& cell = out.cells[static_cast<std::size_t>(
                std::distance(columns.begin(), column == columns.end() ? last : column)
            )];
            if (!cell.empty()) cell += ' ';
            cell += piece.text;
        }
        if (table.rows.empty()) table.extent = out.extent;
        table.extent.include(out.extent);
        table.rows.push_back(std::move(out));
    }
    return table;
}

}  // namespace moat::documents
