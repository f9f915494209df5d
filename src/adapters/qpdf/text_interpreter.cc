#include "adapters/qpdf/text_interpreter.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "adapters/qpdf/cmap.h"

namespace moat::adapters {
namespace {

using Kind = ContentToken::Kind;

constexpr int kMaxFormDepth = 12;
constexpr int kMaxForms = 5000;  // on a page
constexpr std::size_t kMaxStates = 1000;
constexpr std::size_t kMaxOperands = 10'000;
constexpr std::size_t kMaxGlyphs = 2'000'000;  // on a page
constexpr std::size_t kMaxRules = 20'000;
constexpr double kThin = 3;      // points: a bar up to this width is a line
constexpr double kShortest = 4;  // points: shorter lines are parts of drawings

double number(const std::vector<ContentToken>& operands, std::size_t index) {
    return index < operands.size() ? operands[index].number : 0;
}

Matrix matrix_of(const std::vector<ContentToken>& operands) {
    return {
        number(operands, 0),
        number(operands, 1),
        number(operands, 2),
        number(operands, 3),
        number(operands, 4),
        number(operands, 5)
    };
}

Matrix matrix_of(const PdfObject& array) {
    if (!array.is_array() || array.size() != 6) return {};
    const auto at = [&array](std::size_t i) { return array.at(i).number(0); };
    return {at(0), at(1), at(2), at(3), at(4), at(5)};
}

// A text string (ISO 32000-1, 7.9.2.2): UTF-16 with a mark, UTF-8 with a mark, else Latin.
std::string text_string(std::string_view bytes) {
    if (bytes.starts_with("\xFE\xFF")) return utf8_of(utf16_of(bytes.substr(2)));
    if (bytes.starts_with("\xEF\xBB\xBF")) return std::string(bytes.substr(3));
    std::u16string latin;
    for (const char byte : bytes)
        latin += static_cast<char16_t>(static_cast<unsigned char>(byte));
    return utf8_of(latin);
}

}  // namespace

std::shared_ptr<PdfFont> FontLibrary::find(const PdfObject& dictionary) {
    const std::uint64_t id = dictionary.id();
    const auto found = fonts_.find(id);
    if (found != fonts_.end()) return found->second;
    auto font = std::make_shared<PdfFont>(dictionary, decoder_, file_);
    if (id != 0) fonts_.emplace(id, font);
    return font;
}

std::vector<documents::Glyph> TextInterpreter::take_glyphs() {
    return std::move(glyphs_.empty() ? artifact_glyphs_ : glyphs_);
}

void TextInterpreter::run(std::string_view content, const PdfObject& resources) {
    const std::size_t states = saved_.size();
    const std::size_t marks = marks_.size();
    ContentLexer lexer(content);
    ContentToken token;
    Operands operands;
    while (lexer.next(token)) {
        if (token.kind != Kind::keyword) {
            if (operands.size() < kMaxOperands) operands.push_back(token);
            continue;
        }
        const bool done =
            run_path(token.text, operands) || run_text_position(token.text, operands) ||
            run_text(token.text, operands, resources) || run_state(token.text, operands, resources);
        if (!done) run_marks(token.text, operands, resources);
        operands.clear();
    }
    // What a form opened and did not close ends with it.
    while (marks_.size() > marks)
        end_mark();
    if (saved_.size() > states) {
        state_ = saved_[states];
        saved_.resize(states);
    }
}

bool TextInterpreter::run_state(
    std::string_view op, const Operands& operands, const PdfObject& resources
) {
    if (op == "q") {
        if (saved_.size() < kMaxStates) saved_.push_back(state_);
    } else if (op == "Q") {
        if (!saved_.empty()) {
            state_ = std::move(saved_.back());
            saved_.pop_back();
        }
    } else if (op == "cm") {
        state_.ctm = matrix_of(operands).then(state_.ctm);
    } else if (op == "Do") {
        if (!operands.empty()) run_xobject(operands.back().text, resources);
    } else if (op == "gs") {
        if (operands.empty() || !resources.is_dictionary()) return true;
        const PdfObject states = resources.get("ExtGState");
        if (!states.is_dictionary()) return true;
        const PdfObject entry = states.get(operands.back().text);
        if (!entry.is_dictionary()) return true;
        const PdfObject font = entry.get("Font");
        if (font.is_array() && font.size() == 2 && font.at(1).is_number()) {
            state_.font = fonts_.find(font.at(0));
            state_.size = font.at(1).number(0);
        }
    } else {
        return false;
    }
    return true;
}

void TextInterpreter::set_font(const std::string& name, double size, const PdfObject& resources) {
    PdfObject font;
    if (resources.is_dictionary()) {
        const PdfObject fonts = resources.get("Font");
        if (fonts.is_dictionary()) font = fonts.get(name);
    }
    state_.font = fonts_.find(font);
    state_.size = size;
}

bool TextInterpreter::run_text_position(std::string_view op, const Operands& operands) {
    if (op == "BT") {
        text_ = {};
        line_ = {};
    } else if (op == "ET") {
        return true;
    } else if (op == "Td") {
        move_text(number(operands, 0), number(operands, 1));
    } else if (op == "TD") {
        state_.leading = -number(operands, 1);
        move_text(number(operands, 0), number(operands, 1));
    } else if (op == "Tm") {
        line_ = matrix_of(operands);
        text_ = line_;
    } else if (op == "T*") {
        move_text(0, -state_.leading);
    } else if (op == "TL") {
        state_.leading = number(operands, 0);
    } else if (op == "Tc") {
        state_.character_spacing = number(operands, 0);
    } else if (op == "Tw") {
        state_.word_spacing = number(operands, 0);
    } else if (op == "Tz") {
        state_.scaling = number(operands, 0) / 100;
    } else if (op == "Ts") {
        state_.rise = number(operands, 0);
    } else {
        return false;
    }
    return true;
}

bool TextInterpreter::run_text(
    std::string_view op, const Operands& operands, const PdfObject& resources
) {
    if (op == "Tf") {
        if (operands.size() >= 2) set_font(operands[0].text, operands[1].number, resources);
    } else if (op == "Tj") {
        if (!operands.empty()) show(operands.back().text);
    } else if (op == "TJ") {
        show_array(operands);
    } else if (op == "'") {
        move_text(0, -state_.leading);
        if (!operands.empty()) show(operands.back().text);
    } else if (op == "\"") {
        state_.word_spacing = number(operands, 0);
        state_.character_spacing = number(operands, 1);
        move_text(0, -state_.leading);
        if (!operands.empty()) show(operands.back().text);
    } else {
        return false;
    }
    return true;
}

void TextInterpreter::move_text(double x, double y) {
    line_ = Matrix{1, 0, 0, 1, x, y}.then(line_);
    text_ = line_;
}

void TextInterpreter::show_array(const Operands& operands) {
    for (const ContentToken& item : operands) {
        if (item.kind == Kind::string) {
            show(item.text);
        } else if (item.kind == Kind::number) {
            const double back = -item.number / 1000 * state_.size;
            const bool vertical = state_.font && state_.font->vertical();
            const Matrix shift = vertical ? Matrix{1, 0, 0, 1, 0, back}
                                          : Matrix{1, 0, 0, 1, back * state_.scaling, 0};
            text_ = shift.then(text_);
        }
    }
}

void TextInterpreter::show(std::string_view bytes) {
    if (!state_.font) state_.font = fonts_.find(PdfObject());
    const std::shared_ptr<PdfFont> font = state_.font;  // outlives a change of state
    font->for_each(bytes, [this](const ShownCharacter& character) { show_character(character); });
}

void TextInterpreter::show_character(const ShownCharacter& character) {
    const bool vertical = state_.font->vertical();
    const Matrix to_page = text_.then(state_.ctm).then(display_);
    const double spacing =
        state_.character_spacing + (character.word_space ? state_.word_spacing : 0);

    documents::Glyph glyph;
    const Point origin = to_page.apply(0, state_.rise);
    const Point up = to_page.turn(0, state_.size);
    const Point along = vertical
                            ? to_page.turn(0, character.advance * state_.size)
                            : to_page.turn(character.advance * state_.size * state_.scaling, 0);
    const Point unit = vertical ? to_page.turn(0, -1) : to_page.turn(1, 0);
    glyph.x = static_cast<float>(origin.x);
    glyph.y = static_cast<float>(origin.y);
    glyph.advance = static_cast<float>(std::hypot(along.x, along.y));
    glyph.direction = static_cast<float>(std::atan2(unit.y, unit.x) * 180 / std::numbers::pi);
    glyph.size = static_cast<float>(std::hypot(up.x, up.y) * state_.font->scale());
    glyph.bold = state_.font->bold();
    glyph.upright = vertical;
    glyph.text = character.text;
    if (character.text.empty()) {
        ++undecodable_;
    } else if (glyphs_.size() + artifact_glyphs_.size() < kMaxGlyphs) {
        (artifacts_ > 0 ? artifact_glyphs_ : glyphs_).push_back(std::move(glyph));
    }

    const Matrix next =
        vertical
            ? Matrix{1, 0, 0, 1, 0, character.advance * state_.size - spacing}
            : Matrix{1, 0, 0, 1, (character.advance * state_.size + spacing) * state_.scaling, 0};
    text_ = next.then(text_);
}

void TextInterpreter::run_marks(
    std::string_view op, const Operands& operands, const PdfObject& resources
) {
    if (op == "EMC") {
        end_mark();
        return;
    }
    if ((op != "BMC" && op != "BDC") || marks_.size() > kMaxStates) return;
    Mark mark;
    mark.artifact = !operands.empty() && operands[0].text == "Artifact";
    if (op == "BDC" && operands.size() >= 2) {
        if (operands[1].kind == Kind::dictionary) {
            const ContentToken text = dictionary_value(operands[1].text, "ActualText");
            mark.replaces = text.kind == Kind::string;
            mark.replacement = text_string(text.text);
        } else if (resources.is_dictionary()) {
            const PdfObject lists = resources.get("Properties");
            const PdfObject list =
                lists.is_dictionary() ? lists.get(operands[1].text) : PdfObject();
            const PdfObject text = list.is_dictionary() ? list.get("ActualText") : PdfObject();
            mark.replaces = text.is_string();
            if (mark.replaces) mark.replacement = text.text();
        }
    }
    artifacts_ += mark.artifact ? 1 : 0;
    mark.first_glyph = glyphs_.size();
    marks_.push_back(std::move(mark));
}

void TextInterpreter::end_mark() {
    if (marks_.empty()) return;
    const Mark mark = std::move(marks_.back());
    marks_.pop_back();
    artifacts_ -= mark.artifact ? 1 : 0;
    if (!mark.replaces || artifacts_ > 0 || glyphs_.size() <= mark.first_glyph) return;
    // All glyphs of the mark become one with the text they are shown for.
    documents::Glyph glyph = glyphs_[mark.first_glyph];
    const documents::Glyph& last = glyphs_.back();
    glyph.advance = std::hypot(last.x - glyph.x, last.y - glyph.y) + last.advance;
    glyph.text = mark.replacement;
    glyphs_.resize(mark.first_glyph);
    if (!glyph.text.empty()) glyphs_.push_back(std::move(glyph));
}

void TextInterpreter::run_xobject(const std::string& name, const PdfObject& resources) {
    if (!resources.is_dictionary()) return;
    const PdfObject objects = resources.get("XObject");
    if (!objects.is_dictionary()) return;
    const PdfObject form = objects.get(name);
    if (!form.is_stream()) return;
    const PdfObject subtype = form.get("Subtype");
    if (!subtype.is_name() || subtype.name() != "Form") return;
    if (depth_ >= kMaxFormDepth || ++forms_ > kMaxForms) return;
    const PdfObject own = form.get("Resources");
    const State before = state_;
    const Matrix text = text_;
    const Matrix line = line_;
    ++depth_;
    state_.ctm = matrix_of(form.get("Matrix")).then(state_.ctm);
    run(file_.stream_data(form), own.is_dictionary() ? own : resources);
    --depth_;
    state_ = before;
    text_ = text;
    line_ = line;
}

void TextInterpreter::run_form(const PdfObject& form, const Matrix& placement) {
    if (!form.is_stream()) return;
    state_ = {};
    saved_.clear();
    state_.ctm = matrix_of(form.get("Matrix")).then(placement);
    run(file_.stream_data(form), form.get("Resources"));
}

bool TextInterpreter::run_path(std::string_view op, const Operands& operands) {
    if (op == "m") {
        start_ = current_ = {number(operands, 0), number(operands, 1)};
    } else if (op == "l") {
        const Point to{number(operands, 0), number(operands, 1)};
        if (path_.size() < kMaxRules) path_.push_back({current_, to});
        current_ = to;
    } else if (op == "h") {
        if (path_.size() < kMaxRules) path_.push_back({current_, start_});
        current_ = start_;
    } else if (op == "re") {
        if (rectangles_.size() < kMaxRules) {
            const Point corner{number(operands, 0), number(operands, 1)};
            rectangles_.push_back(
                {corner, {corner.x + number(operands, 2), corner.y + number(operands, 3)}}
            );
        }
    } else if (op == "c" || op == "v" || op == "y") {
        const std::size_t at = op == "c" ? 4 : 2;
        current_ = {number(operands, at), number(operands, at + 1)};
    } else if (op == "S" || op == "s") {
        paint_path(true, false);
    } else if (op == "f" || op == "F" || op == "f*") {
        paint_path(false, true);
    } else if (op == "B" || op == "B*" || op == "b" || op == "b*") {
        paint_path(true, true);
    } else if (op == "n") {
        paint_path(false, false);
    } else {
        return false;
    }
    return true;
}

void TextInterpreter::paint_path(bool stroke, bool fill) {
    const Matrix to_page = state_.ctm.then(display_);
    const auto place = [&to_page](const Point& point) { return to_page.apply(point.x, point.y); };
    if (stroke) {
        for (const Segment& segment : path_)
            add_rule(place(segment.from), place(segment.to));
    } else if (fill && path_.size() >= 3 && path_.size() <= 5) {
        // A bar drawn as a polygon.
        Point low = place(path_.front().from);
        Point high = low;
        for (const Segment& segment : path_) {
            const Point point = place(segment.to);
            low = {std::min(low.x, point.x), std::min(low.y, point.y)};
            high = {std::max(high.x, point.x), std::max(high.y, point.y)};
        }
        if (std::min(high.x - low.x, high.y - low.y) <= kThin) add_rule(low, high);
    }
    for (const auto& [from, to] : rectangles_) {
        const Point a = place(from);
        const Point b = place(to);
        const bool thin = std::min(std::abs(a.x - b.x), std::abs(a.y - b.y)) <= kThin;
        if (thin && (stroke || fill)) {
            add_rule(a, b);
        } else if (stroke) {
            add_rule(a, {b.x, a.y});
            add_rule({b.x, a.y}, b);
            add_rule({a.x, b.y}, b);
            add_rule(a, {a.x, b.y});
        }
    }
    path_.clear();
    rectangles_.clear();
}

void TextInterpreter::add_rule(const Point& from, const Point& to) {
    const double width = std::abs(from.x - to.x);
    const double height = std::abs(from.y - to.y);
    if (std::min(width, height) > kThin || std::max(width, height) < kShortest) return;
    if (rules_.size() >= kMaxRules) return;
    rules_.push_back({
        static_cast<float>(std::min(from.x, to.x)),
        static_cast<float>(std::min(from.y, to.y)),
        static_cast<float>(std::max(from.x, to.x)),
        static_cast<float>(std::max(from.y, to.y)),
    });
}

}  // namespace moat::adapters
