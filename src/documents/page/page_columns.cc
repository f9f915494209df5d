#include "documents/page/page_columns.h"

#include <algorithm>
#include <array>
#include <optional>

#include "documents/characters.h"
#include "documents/page/page_tables.h"

namespace moat::documents {
namespace {

constexpr int kMaxDepth = 4;  // of columns inside columns
constexpr std::size_t kBins = 512;
constexpr std::size_t kMinRows = 4;      // of a column
constexpr std::size_t kMinRowSize = 14;  // weighted characters in most rows of a column
constexpr float kFullRow = 0.7F;         // of the column's width

struct Gutter {
    float u0 = 0;
    float u1 = 0;
    float mid() const { return (u0 + u1) / 2; }
};

Extent extent_of(const std::vector<Piece>& pieces) {
    Extent extent = pieces.front().extent;
    for (const Piece& piece : pieces)
        extent.include(piece.extent);
    return extent;
}

float median_size(const std::vector<Piece>& pieces) {
    std::vector<float> sizes;
    for (const Piece& piece : pieces)
        sizes.push_back(piece.size);
    std::ranges::nth_element(sizes, sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2));
    return sizes[sizes.size() / 2];
}

// The widest range of u, away from the edges, that the fewest pieces cover.
std::optional<Gutter> emptiest_range(const std::vector<Piece>& pieces, const Extent& extent) {
    std::array<int, kBins> cover{};
    const float bin = extent.width() / static_cast<float>(kBins);
    if (!(bin > 0)) return std::nullopt;
    const auto bin_of = [&](float u) {
        const auto index = static_cast<std::ptrdiff_t>((u - extent.u0) / bin);
        return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(index, 0, kBins - 1));
    };
    for (const Piece& piece : pieces) {
        for (std::size_t i = bin_of(piece.extent.u0); i <= bin_of(piece.extent.u1); ++i)
            ++cover[i];
    }
    const std::size_t first = kBins / 8;
    const std::size_t last = kBins - kBins / 8;
    const int most = *std::ranges::max_element(cover);
    const int fewest = *std::min_element(cover.begin() + first, cover.begin() + last);
    if (fewest * 2 > most) return std::nullopt;
    std::size_t best = 0;
    std::size_t best_length = 0;
    for (std::size_t i = first; i < last;) {
        std::size_t end = i;
        while (end < last && cover[end] <= fewest)
            ++end;
        if (end - i > best_length) {
            best = i;
            best_length = end - i;
        }
        i = std::max(end, i + 1);
    }
    return Gutter{
        extent.u0 + static_cast<float>(best) * bin,
        extent.u0 + static_cast<float>(best + best_length) * bin,
    };
}

bool is_mostly_digits(const std::vector<Piece>& row) {
    std::size_t digits = 0;
    std::size_t total = 0;
    for (const Piece& piece : row) {
        digits += static_cast<std::size_t>(std::ranges::count_if(piece.text, [](char c) {
            return c >= '0' && c <= '9';
        }));
        total += piece.text.size();
    }
    return digits * 10 > total * 4;
}

// Does this side of a gutter read as lines of running text? Decided by the text, not by the rows:
// the labels of a diagram are many and short.
bool is_text_column(const std::vector<Piece>& pieces) {
    const auto rows = rows_of(pieces);
    if (rows.size() < kMinRows) return false;
    std::vector<float> lefts;
    std::vector<float> rights;
    for (const auto& row : rows) {
        lefts.push_back(row.front().extent.u0);
        rights.push_back(row.back().extent.u1);
    }
    std::ranges::sort(lefts);
    std::ranges::sort(rights);
    const float width = rights[rights.size() * 9 / 10] - lefts[lefts.size() / 10];
    std::size_t all = 0;
    std::size_t wordy = 0;
    std::size_t full = 0;
    for (const auto& row : rows) {
        std::size_t size = 0;
        for (const Piece& piece : row)
            size += weighted_size(piece.text);
        all += size;
        if (size >= kMinRowSize && !is_mostly_digits(row)) wordy += size;
        if (row.back().extent.u1 - row.front().extent.u0 > kFullRow * width) full += size;
    }
    return wordy * 10 >= all * 7 && full * 10 >= all * 5;
}

struct Sides {
    std::vector<Piece> left;
    std::vector<Piece> right;
    std::vector<Piece> across;
};

Sides part(std::vector<Piece> pieces, const Gutter& gutter) {
    Sides sides;
    for (Piece& piece : pieces) {
        if (piece.extent.u1 <= gutter.mid()) {
            sides.left.push_back(std::move(piece));
        } else if (piece.extent.u0 >= gutter.mid()) {
            sides.right.push_back(std::move(piece));
        } else {
            sides.across.push_back(std::move(piece));
        }
    }
    return sides;
}

bool are_columns(
    const Sides& sides, const Gutter& gutter, const std::vector<Extent>& rules, float size
) {
    if (gutter.u1 - gutter.u0 < 0.5F * size) return false;
    if (sides.left.size() < kMinRows || sides.right.size() < kMinRows) return false;
    const Extent left = extent_of(sides.left);
    const Extent right = extent_of(sides.right);
    const float begin = std::max(left.v0, right.v0);
    const float end = std::min(left.v1, right.v1);
    if (end - begin < 0.2F * std::min(left.height(), right.height())) return false;
    const auto crossing = std::ranges::count_if(rules, [&](const Extent& rule) {
        return rule.width() > rule.height() && rule.u0 < gutter.mid() && rule.u1 > gutter.mid() &&
               rule.v0 > begin && rule.v1 < end;
    });
    return crossing < 3 && is_text_column(sides.left) && is_text_column(sides.right);
}

// Takes the pieces above `v` out of `side`.
std::vector<Piece> take_above(std::vector<Piece>& side, float v) {
    const auto above =
        std::ranges::partition(side, [v](const Piece& piece) { return piece.extent.mid_v() >= v; });
    std::vector<Piece> taken(
        std::make_move_iterator(above.begin()), std::make_move_iterator(above.end())
    );
    side.erase(above.begin(), above.end());
    return taken;
}

class ColumnFinder {
  public:
    explicit ColumnFinder(const std::vector<Extent>& rules) : rules_(rules) {}

    void find(std::vector<Piece> pieces, int depth) {
        if (pieces.empty()) return;
        if (depth < kMaxDepth && pieces.size() >= 2 * kMinRows) {
            if (const auto gutter = emptiest_range(pieces, extent_of(pieces))) {
                const float size = median_size(pieces);
                Sides sides = part(pieces, *gutter);
                if (are_columns(sides, *gutter, rules_, size)) {
                    find_in_bands(std::move(sides), depth);
                    return;
                }
            }
        }
        columns.push_back(std::move(pieces));
    }

    std::vector<Column> columns;

  private:
    // From one line that goes across to the next.
    void find_in_bands(Sides sides, int depth) {
        std::ranges::sort(sides.across, {}, [](const Piece& piece) { return piece.extent.v0; });
        Column across;
        const auto flush = [&] {
            if (!across.empty()) columns.push_back(std::move(across));
            across = {};
        };
        for (Piece& piece : sides.across) {
            std::vector<Piece> left = take_above(sides.left, piece.extent.mid_v());
            std::vector<Piece> right = take_above(sides.right, piece.extent.mid_v());
            if (!left.empty() || !right.empty()) flush();
            find(std::move(left), depth + 1);
            find(std::move(right), depth + 1);
            across.push_back(std::move(piece));
        }
        flush();
        find(std::move(sides.left), depth + 1);
        find(std::move(sides.right), depth + 1);
    }

    const std::vector<Extent>& rules_;
};

}  // namespace

std::vector<Column> find_columns(std::vector<Piece> pieces, const std::vector<Extent>& rules) {
    ColumnFinder finder(rules);
    finder.find(std::move(pieces), 0);
    return std::move(finder.columns);
}

}  // namespace moat::documents
