#include "documents/page/page_lines.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <span>
#include <unordered_map>

#include "documents/characters.h"
#include "documents/page/right_to_left.h"

namespace moat::documents {
namespace {

// In sizes of the font. Set by looking at real pages: justified text stretches word gaps to about
// one em, columns and table cells stand further apart, kerning stays under a tenth.
constexpr float kWordGap = 0.15F;
constexpr float kCjkGap = 0.4F;         // between CJK characters, which are often spaced out
constexpr float kPieceGap = 1.0F;       // between glyphs drawn one after the other
constexpr float kNeighbourGap = 0.7F;   // between pieces drawn apart
constexpr float kOverlap = 0.7F;        // a glyph may begin this far before the end of the last
constexpr float kBaselineShift = 0.5F;  // superscripts and subscripts stay in their line
constexpr float kAscent = 0.8F;
constexpr float kDescent = 0.2F;

struct Rotation {
    float cosine;
    float sine;

    explicit Rotation(float degrees) {
        const double radians = static_cast<double>(degrees) * std::numbers::pi / 180;
        cosine = static_cast<float>(std::cos(radians));
        sine = static_cast<float>(std::sin(radians));
        // Quarter turns exactly, so that boxes keep their edges.
        if (std::abs(cosine) < 1e-4F) cosine = 0;
        if (std::abs(sine) < 1e-4F) sine = 0;
    }
    float u(float x, float y) const { return x * cosine + y * sine; }
    float v(float x, float y) const { return y * cosine - x * sine; }
    float x(float u, float v) const { return u * cosine - v * sine; }
    float y(float u, float v) const { return u * sine + v * cosine; }
};

// A glyph in its frame.
struct Placed {
    const Glyph* glyph;
    float u0;
    float u1;
    float v;  // baseline, or middle of upright glyphs
};

int direction_key(float degrees) {
    // Slightly skewed scans count as straight.
    const int quarter = static_cast<int>(std::lround(degrees / 90)) * 90;
    const int key = std::abs(degrees - static_cast<float>(quarter)) < 5
                        ? quarter
                        : static_cast<int>(std::lround(degrees / 5)) * 5;
    return (key % 360 + 360) % 360;
}

bool is_blank(const Glyph& glyph) {
    std::size_t at = 0;
    return glyph.text.empty() || is_space(next_character(glyph.text, at));
}

bool is_right_to_left(const Glyph& glyph) {
    std::size_t at = 0;
    return documents::is_right_to_left(next_character(glyph.text, at));
}

std::string reversed(std::string_view text) {
    std::string out;
    for (std::size_t end = text.size(); end > 0;) {
        const char32_t c = previous_character(text, end);
        std::string one;
        append_character(one, c);
        out += one;
        end -= std::min(one.size(), end);
    }
    return out;
}

// Vertical rules of the frame, which no piece crosses: they part the cells of a table.
class Borders {
  public:
    explicit Borders(const std::vector<Extent>& rules) {
        for (const Extent& rule : rules) {
            if (rule.height() > rule.width()) borders_.push_back(rule);
        }
        std::ranges::sort(borders_, {}, &Extent::u0);
    }

    bool between(float u0, float u1, float baseline) const {
        constexpr float kSlack = 0.5F;
        auto rule = std::ranges::lower_bound(borders_, u0 - kSlack, {}, &Extent::u0);
        for (; rule != borders_.end() && rule->u0 <= u1 + kSlack; ++rule) {
            if (rule->v0 < baseline && baseline < rule->v1 + 1) return true;
        }
        return false;
    }

  private:
    std::vector<Extent> borders_;
};

// The same glyph drawn twice, almost in the same place, to look bold or to cast a shadow.
class DoubleStrikes {
  public:
    bool seen_before(const Placed& placed) {
        const float near = placed.glyph->size * 0.1F;
        const auto cell = [](float value) {
            return static_cast<std::int32_t>(std::floor(value / kCell));
        };
        for (std::int32_t u = cell(placed.u0 - near); u <= cell(placed.u0 + near); ++u) {
            for (std::int32_t v = cell(placed.v - near); v <= cell(placed.v + near); ++v) {
                const auto found = places_.find(key(u, v));
                if (found == places_.end()) continue;
                for (const Placed& other : found->second) {
                    const bool same = std::abs(other.u0 - placed.u0) <= near &&
                                      std::abs(other.v - placed.v) <= near &&
                                      other.glyph->text == placed.glyph->text;
                    if (same) return true;
                }
            }
        }
        places_[key(cell(placed.u0), cell(placed.v))].push_back(placed);
        return false;
    }

  private:
    static constexpr float kCell = 12;  // points

    static std::uint64_t key(std::int32_t u, std::int32_t v) {
        return std::uint64_t{static_cast<std::uint32_t>(u)} << 32U | static_cast<std::uint32_t>(v);
    }

    std::unordered_map<std::uint64_t, std::vector<Placed>> places_;
};

Extent extent_of(const Placed& placed) {
    const Glyph& glyph = *placed.glyph;
    const float above = glyph.size * (glyph.upright ? 0.5F : kAscent);
    const float below = glyph.size * (glyph.upright ? 0.5F : kDescent);
    return {placed.u0, placed.v - above, placed.u1, placed.v + below};
}

// Builds pieces from glyphs as they were drawn: most producers draw a line from begin to end.
class PieceBuilder {
  public:
    explicit PieceBuilder(const Borders& borders) : borders_(borders) {}

    void add(const Placed& placed) {
        const Glyph& glyph = *placed.glyph;
        if (is_blank(glyph)) {
            blank_ = true;
            return;
        }
        if (!open_ || !continues(placed)) begin(placed);
        const float gap = placed.u0 - piece_.extent.u1;
        if (!piece_.text.empty() && (blank_ || gap > glyph.size * kWordGap)) add_blank(gap, glyph);
        blank_ = false;
        append_text(placed);
        piece_.extent.include(extent_of(placed));
        sizes_[glyph.size] += glyph.text.size();
        bold_ += glyph.bold ? static_cast<int>(glyph.text.size()) : 0;
        total_ += static_cast<int>(glyph.text.size());
    }

    std::vector<Piece> finish() {
        flush();
        return std::move(pieces_);
    }

  private:
    bool continues(const Placed& placed) const {
        const float size = std::max(placed.glyph->size, last_size_);
        if (std::abs(placed.v - piece_.baseline) > size * kBaselineShift) return false;
        const float gap = placed.u0 - piece_.extent.u1;
        // Right-to-left text is drawn in reading order as often as from left to right: sort later.
        const float overlap = is_right_to_left(*placed.glyph) ? 0.1F : kOverlap;
        if (gap < -size * overlap || gap > size * kPieceGap) return false;
        return gap < size * kWordGap || !borders_.between(piece_.extent.u1, placed.u0, placed.v);
    }

    void append_text(const Placed& placed) {
        const std::string& text = placed.glyph->text;
        if (is_right_to_left(*placed.glyph) && text.size() > 3) {
            // The line is turned round as a whole: what one glyph stands for must survive that.
            piece_.text += reversed(text);
        } else if (const char32_t mark = mark_over(placed); mark != 0) {
            piece_.text.resize(piece_.text.size() - 2);  // the accent, drawn before its letter
            piece_.text += text == "\u0131" ? "i" : text == "\u0237" ? "j" : text;
            append_character(piece_.text, mark);
        } else {
            piece_.text += text;
        }
    }

    // The combining form of an accent that was drawn just before, in the place of this letter.
    char32_t mark_over(const Placed& placed) const {
        if (piece_.text.size() < 2 || placed.u0 >= piece_.extent.u1 - 0.05F * placed.glyph->size)
            return 0;
        const char32_t accent = previous_character(piece_.text, piece_.text.size());
        constexpr std::u32string_view kAccents = U"´¨¯¸ˆˇ˘˙˚˜˝";
        constexpr std::u32string_view kMarks =
            U"\u0301\u0308\u0304\u0327\u0302\u030C\u0306\u0307\u030A\u0303\u030B";
        const std::size_t at = kAccents.find(accent);
        return at == std::u32string_view::npos ? 0 : kMarks[at];
    }

    // Between two CJK characters a blank is a matter of spacing unless it is drawn and wide.
    void add_blank(float gap, const Glyph& glyph) {
        std::size_t at = 0;
        const bool cjk = is_cjk(previous_character(piece_.text, piece_.text.size())) &&
                         is_cjk(next_character(glyph.text, at));
        if (!cjk || gap > glyph.size * kCjkGap) piece_.text += ' ';
    }

    void begin(const Placed& placed) {
        flush();
        open_ = true;
        piece_ = {};
        piece_.extent = extent_of(placed);
        piece_.extent.u1 = piece_.extent.u0;
        piece_.baseline = placed.v;
        last_size_ = placed.glyph->size;
        blank_ = false;
        sizes_.clear();
        bold_ = 0;
        total_ = 0;
    }

    void flush() {
        if (!open_ || piece_.text.empty()) return;
        const auto most =
            std::ranges::max_element(sizes_, {}, [](const auto& entry) { return entry.second; });
        piece_.size = most->first;
        piece_.bold = bold_ * 2 > total_;
        pieces_.push_back(std::move(piece_));
        open_ = false;
    }

    const Borders& borders_;
    std::vector<Piece> pieces_;
    Piece piece_;
    bool open_ = false;
    bool blank_ = false;
    float last_size_ = 0;
    std::map<float, std::size_t> sizes_;
    int bold_ = 0;
    int total_ = 0;
};

// Pieces that were drawn apart but stand in one line without a gap. Left to right.
std::vector<Piece> join_neighbours(std::vector<Piece> pieces, const Borders& borders) {
    std::ranges::sort(pieces, {}, [](const Piece& piece) { return piece.extent.mid_v(); });
    std::vector<Piece> out;
    for (std::size_t begin = 0; begin < pieces.size();) {
        std::size_t end = begin + 1;
        while (end < pieces.size() && same_line(pieces[begin], pieces[end]))
            ++end;
        const auto line = std::span(pieces).subspan(begin, end - begin);
        std::ranges::sort(line, {}, [](const Piece& piece) { return piece.extent.u0; });
        for (Piece& piece : line) {
            const bool joins =
                !out.empty() && &piece != &line.front() && same_line(out.back(), piece) &&
                piece.extent.u0 - out.back().extent.u1 <
                    kNeighbourGap * std::min(piece.size, out.back().size) &&
                !borders.between(out.back().extent.u1, piece.extent.u0, piece.baseline);
            if (joins) {
                append_piece(out.back(), piece);
            } else {
                out.push_back(std::move(piece));
            }
        }
        begin = end;
    }
    return out;
}

Extent in_frame(const Rule& rule, const Rotation& rotation) {
    const float u0 = rotation.u(rule.x0, rule.y0);
    const float u1 = rotation.u(rule.x1, rule.y1);
    const float v0 = rotation.v(rule.x0, rule.y0);
    const float v1 = rotation.v(rule.x1, rule.y1);
    return {std::min(u0, u1), std::min(v0, v1), std::max(u0, u1), std::max(v0, v1)};
}

PageFrame make_frame(int key, const std::vector<const Glyph*>& glyphs, const PageGlyphs& page) {
    PageFrame frame;
    frame.direction = static_cast<float>(key);
    const Rotation rotation(frame.direction);
    if (key % 90 == 0) {
        for (const Rule& rule : page.rules)
            frame.rules.push_back(in_frame(rule, rotation));
    }
    const Borders borders(frame.rules);
    PieceBuilder builder(borders);
    DoubleStrikes strikes;
    for (const Glyph* glyph : glyphs) {
        const float u = rotation.u(glyph->x, glyph->y);
        const Placed placed{glyph, u, u + glyph->advance, rotation.v(glyph->x, glyph->y)};
        if (is_blank(*glyph) || !strikes.seen_before(placed)) builder.add(placed);
    }
    frame.pieces = join_neighbours(builder.finish(), borders);
    for (Piece& piece : frame.pieces)
        piece.text = logical_order(piece.text);
    return frame;
}

}  // namespace

void Extent::include(const Extent& other) {
    u0 = std::min(u0, other.u0);
    v0 = std::min(v0, other.v0);
    u1 = std::max(u1, other.u1);
    v1 = std::max(v1, other.v1);
}

Box PageFrame::box_of(const Extent& extent) const {
    const Rotation rotation(direction);
    Box box{1e9F, 1e9F, -1e9F, -1e9F};
    for (const float u : {extent.u0, extent.u1}) {
        for (const float v : {extent.v0, extent.v1}) {
            box.left = std::min(box.left, rotation.x(u, v));
            box.right = std::max(box.right, rotation.x(u, v));
            box.top = std::min(box.top, rotation.y(u, v));
            box.bottom = std::max(box.bottom, rotation.y(u, v));
        }
    }
    return box;
}

bool same_line(const Piece& a, const Piece& b) {
    const float overlap = std::min(a.extent.v1, b.extent.v1) - std::max(a.extent.v0, b.extent.v0);
    return overlap > 0.5F * std::min(a.extent.height(), b.extent.height());
}

void append_piece(Piece& piece, const Piece& next) {
    const float gap = (next.extent.u0 - piece.extent.u1) / std::min(piece.size, next.size);
    std::size_t at = 0;
    const bool cjk = !piece.text.empty() && !next.text.empty() &&
                     is_cjk(previous_character(piece.text, piece.text.size())) &&
                     is_cjk(next_character(next.text, at));
    if (gap > (cjk ? kCjkGap : kWordGap) && !piece.text.ends_with(' ')) piece.text += ' ';
    piece.text += next.text;
    if (next.extent.width() > piece.extent.width()) {
        piece.size = next.size;
        piece.bold = next.bold;
        piece.baseline = next.baseline;
    }
    piece.extent.include(next.extent);
}

std::vector<PageFrame> find_frames(const PageGlyphs& page) {
    std::map<int, std::vector<const Glyph*>> groups;
    for (const Glyph& glyph : page.glyphs) {
        const bool usable = std::isfinite(glyph.x) && std::isfinite(glyph.y) &&
                            std::isfinite(glyph.advance) && glyph.size > 0.1F &&
                            glyph.size < 5000 && std::abs(glyph.x) < 1e6F &&
                            std::abs(glyph.y) < 1e6F && std::abs(glyph.advance) < 1e6F;
        if (usable) groups[direction_key(glyph.direction)].push_back(&glyph);
    }
    std::vector<int> keys;
    for (const auto& [key, glyphs] : groups)
        keys.push_back(key);
    std::ranges::sort(keys, [&groups](int a, int b) {
        const std::size_t more = groups[a].size();
        const std::size_t less = groups[b].size();
        return more != less ? more > less : a < b;
    });
    std::vector<PageFrame> frames;
    for (const int key : keys)
        frames.push_back(make_frame(key, groups[key], page));
    return frames;
}

}  // namespace moat::documents
