#include "adapters/qpdf/page_reader.h"

#include <algorithm>
#include <cmath>

namespace moat::adapters {
namespace {

struct Rectangle {
    double x0 = 0;
    double y0 = 0;
    double x1 = 612;  // US Letter, when a page says nothing
    double y1 = 792;
    double width() const { return x1 - x0; }
    double height() const { return y1 - y0; }
};

bool read_rectangle(const PdfObject& array, Rectangle& out) {
    if (!array.is_array() || array.size() != 4) return false;
    double values[4];
    for (std::size_t i = 0; i < 4; ++i) {
        const PdfObject item = array.at(i);
        if (!item.is_number()) return false;
        values[i] = std::clamp(item.number(0), -1e6, 1e6);
    }
    const Rectangle read{
        std::min(values[0], values[2]),
        std::min(values[1], values[3]),
        std::max(values[0], values[2]),
        std::max(values[1], values[3]),
    };
    if (read.width() < 1 || read.height() < 1) return false;
    out = read;
    return true;
}

Rectangle visible_part(const PdfFile& file, const PdfObject& page) {
    Rectangle media;
    read_rectangle(file.page_attribute(page, "MediaBox"), media);
    Rectangle crop = media;
    read_rectangle(file.page_attribute(page, "CropBox"), crop);
    const Rectangle both{
        std::max(media.x0, crop.x0),
        std::max(media.y0, crop.y0),
        std::min(media.x1, crop.x1),
        std::min(media.y1, crop.y1),
    };
    return both.width() < 1 || both.height() < 1 ? media : both;
}

int rotation_of(const PdfFile& file, const PdfObject& page) {
    const PdfObject rotate = file.page_attribute(page, "Rotate");
    if (!rotate.is_number()) return 0;
    const int degrees = static_cast<int>(std::clamp(rotate.number(0), -36000.0, 36000.0));
    return (degrees % 360 + 360) % 360 / 90 * 90;
}

// From user space to points from the top left corner of the page as shown.
Matrix display_matrix(const Rectangle& page, int rotation) {
    switch (rotation) {
        case 90:
            return {0, 1, 1, 0, -page.y0, -page.x0};
        case 180:
            return {-1, 0, 0, 1, page.x1, -page.y0};
        case 270:
            return {0, -1, -1, 0, page.y1, page.x1};
        default:
            return {1, 0, 0, -1, -page.x0, page.y1};
    }
}

// The streams of a page are one program; a token never reaches over the seam.
std::string contents_of(const PdfObject& page, PdfFile& file) {
    const PdfObject contents = page.get("Contents");
    if (contents.is_stream()) return file.stream_data(contents);
    std::string all;
    if (!contents.is_array()) return all;
    const std::size_t count = std::min<std::size_t>(contents.size(), 10'000);
    for (std::size_t i = 0; i < count; ++i) {
        all += file.stream_data(contents.at(i));
        all += '\n';
    }
    return all;
}

// The stream that shows an annotation in its present state.
PdfObject appearance_of(const PdfObject& annotation) {
    const PdfObject appearances = annotation.get("AP");
    if (!appearances.is_dictionary()) return PdfObject();
    PdfObject normal = appearances.get("N");
    if (normal.is_dictionary()) {
        const PdfObject state = annotation.get("AS");
        if (state.is_name()) normal = normal.get(state.name());
    }
    return normal;
}

// ISO 32000-1, 12.5.5: the appearance's box is moved and stretched onto the annotation's.
Matrix placement_of(const PdfObject& form, const Rectangle& target) {
    Rectangle box;
    if (!read_rectangle(form.get("BBox"), box)) return {};
    const double sx = target.width() / box.width();
    const double sy = target.height() / box.height();
    return {sx, 0, 0, sy, target.x0 - box.x0 * sx, target.y0 - box.y0 * sy};
}

// What somebody filled in or wrote on the page.
void read_annotations(const PdfObject& page, TextInterpreter& interpreter) {
    const PdfObject annotations = page.get("Annots");
    if (!annotations.is_array()) return;
    const std::size_t count = std::min<std::size_t>(annotations.size(), 5'000);
    for (std::size_t i = 0; i < count; ++i) {
        const PdfObject annotation = annotations.at(i);
        if (!annotation.is_dictionary()) continue;
        const PdfObject subtype = annotation.get("Subtype");
        const std::string name = subtype.name();
        if (name != "Widget" && name != "FreeText" && name != "Stamp") continue;
        const PdfObject flags = annotation.get("F");
        const bool hidden = (static_cast<int>(std::clamp(flags.number(0), 0.0, 1e6)) & 2) != 0;
        const PdfObject form = appearance_of(annotation);
        Rectangle target;
        if (hidden || !form.is_stream() || !read_rectangle(annotation.get("Rect"), target))
            continue;
        interpreter.run_form(form, placement_of(form, target));
    }
}

}  // namespace

ReadPage read_page(const PdfObject& page, int number, FontLibrary& fonts, PdfFile& file) {
    const Rectangle visible = visible_part(file, page);
    const int rotation = rotation_of(file, page);
    TextInterpreter interpreter(fonts, file, display_matrix(visible, rotation));
    interpreter.run(contents_of(page, file), file.page_attribute(page, "Resources"));
    read_annotations(page, interpreter);

    ReadPage read;
    read.undecodable = interpreter.undecodable();
    documents::PageGlyphs& out = read.glyphs;
    out.number = number;
    const bool turned = rotation == 90 || rotation == 270;
    out.width = static_cast<float>(turned ? visible.height() : visible.width());
    out.height = static_cast<float>(turned ? visible.width() : visible.height());
    out.glyphs = interpreter.take_glyphs();
    out.rules = interpreter.take_rules();
    // What lies beside the page is not shown.
    std::erase_if(out.glyphs, [&out](const documents::Glyph& glyph) {
        constexpr float kSlack = 2;
        return !(
            glyph.x > -kSlack && glyph.x < out.width + kSlack && glyph.y > -kSlack &&
            glyph.y < out.height + kSlack
        );
    });
    return read;
}

}  // namespace moat::adapters
