#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "adapters/qpdf/content_lexer.h"
#include "adapters/qpdf/matrix.h"
#include "adapters/qpdf/pdf_font.h"
#include "documents/page/glyph.h"

namespace moat::adapters {

// Fonts of a document, each read once. Threads: one at a time. Borrows: decoder and file.
class FontLibrary {
  public:
    FontLibrary(const documents::TextDecoder& decoder, PdfFile& file)
        : decoder_(decoder), file_(file) {}

    // `dictionary` may be anything; a font that says nothing stands in for what is none.
    std::shared_ptr<PdfFont> find(const PdfObject& dictionary);

  private:
    const documents::TextDecoder& decoder_;
    PdfFile& file_;
    std::map<std::uint64_t, std::shared_ptr<PdfFont>> fonts_;
};

// Runs the text operators of a page's content (ISO 32000-1, 9) and collects glyphs and ruled
// lines. Operators that paint pictures or colours are passed over.
//
// Threads: one at a time, one page each. Borrows: library and file.
// Throws: UnpackedTooMuch, and what PdfObject throws.
class TextInterpreter {
  public:
    // `display` turns the page's user space into points from the top left corner as shown.
    TextInterpreter(FontLibrary& fonts, PdfFile& file, const Matrix& display)
        : fonts_(fonts), file_(file), display_(display) {}

    void run(std::string_view content, const PdfObject& resources);
    // A form XObject placed by `placement` (an annotation's appearance).
    void run_form(const PdfObject& form, const Matrix& placement);

    // Running heads and page numbers that the producer marked as such are left out, unless there
    // is nothing else.
    std::vector<documents::Glyph> take_glyphs();
    std::vector<documents::Rule> take_rules() { return std::move(rules_); }
    // Characters of which no one can say what they stand for.
    std::size_t undecodable() const { return undecodable_; }

  private:
    struct State {
        Matrix ctm;
        std::shared_ptr<PdfFont> font;
        double size = 0;
        double character_spacing = 0;
        double word_spacing = 0;
        double scaling = 1;
        double leading = 0;
        double rise = 0;
    };
    struct Mark {
        bool artifact = false;
        bool replaces = false;  // the marked text is shown for `replacement`
        std::string replacement;
        std::size_t first_glyph = 0;
    };
    using Operands = std::vector<ContentToken>;

    bool run_state(std::string_view op, const Operands& operands, const PdfObject& resources);
    bool run_text(std::string_view op, const Operands& operands, const PdfObject& resources);
    bool run_text_position(std::string_view op, const Operands& operands);
    bool run_path(std::string_view op, const Operands& operands);
    void run_marks(std::string_view op, const Operands& operands, const PdfObject& resources);
    void run_xobject(const std::string& name, const PdfObject& resources);
    void set_font(const std::string& name, double size, const PdfObject& resources);

    void show(std::string_view bytes);
    void show_array(const Operands& operands);
    void show_character(const ShownCharacter& character);
    void move_text(double x, double y);
    void end_mark();

    void add_rule(const Point& from, const Point& to);
    void paint_path(bool stroke, bool fill);

    FontLibrary& fonts_;
    PdfFile& file_;
    const Matrix display_;
    State state_;
    std::vector<State> saved_;
    Matrix text_;
    Matrix line_;
    std::vector<Mark> marks_;
    int artifacts_ = 0;  // open marks that are artifacts
    int depth_ = 0;      // of forms inside forms
    int forms_ = 0;      // run so far

    struct Segment {
        Point from;
        Point to;
    };
    std::vector<Segment> path_;
    std::vector<std::pair<Point, Point>> rectangles_;  // opposite corners
    Point start_;
    Point current_;

    std::vector<documents::Glyph> glyphs_;
    std::vector<documents::Glyph> artifact_glyphs_;
    std::vector<documents::Rule> rules_;
    std::size_t undecodable_ = 0;
};

}  // namespace moat::adapters
