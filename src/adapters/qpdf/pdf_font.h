#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/qpdf/cmap.h"
#include "adapters/qpdf/pdf_file.h"
#include "adapters/qpdf/predefined_cmap.h"
#include "adapters/qpdf/simple_encoding.h"
#include "documents/text_decoder.h"

namespace moat::adapters {

// A character of a shown string. Lengths in text space for a font of size 1.
struct ShownCharacter {
    std::string text;     // empty: nobody can say what the code stands for
    double advance = 0;   // to the next character; of vertical writing downwards
    double origin_x = 0;  // of vertical writing: from the horizontal origin to the vertical one
    double origin_y = 0;
    bool word_space = false;  // the one-byte code 32, which word spacing widens
};

// What a font of a PDF says about the characters of a string: their text and widths.
//
// Text comes from the ToUnicode map, else from the encoding: names of glyphs, a predefined CMap of
// a character encoding, or the character map inside the font program, or the registered order of a
// character collection. Threads: one at a time. Borrows: the decoder.
class PdfFont {
  public:
    // Reads what it needs of the dictionary; what is missing or broken is done without.
    // Throws UnpackedTooMuch, and what PdfObject throws for objects that cannot be read.
    PdfFont(const PdfObject& dictionary, const documents::TextDecoder& decoder, PdfFile& file);

    bool vertical() const { return vertical_; }
    bool bold() const { return bold_; }
    // Height of the font's unit square against the usual one (Type 3 fonts choose their own).
    double scale() const { return scale_; }

    void for_each(std::string_view bytes, const std::function<void(const ShownCharacter&)>& visit);

  private:
    void read_simple(const PdfObject& dictionary, PdfFile& file);
    void read_simple_widths(const PdfObject& dictionary, std::string_view base_font);
    void read_composite(const PdfObject& dictionary, PdfFile& file);
    void read_composite_widths(const PdfObject& font);
    void read_vertical_metrics(const PdfObject& font);
    void read_glyph_characters(const PdfObject& font, PdfFile& file);

    CharacterCode next_code(std::string_view bytes) const;
    ShownCharacter make(std::string_view bytes, const CharacterCode& code) const;
    std::string text_of(std::string_view bytes, const CharacterCode& code) const;
    std::string composite_text(std::string_view bytes, const CharacterCode& code) const;

    const documents::TextDecoder& decoder_;
    bool composite_ = false;
    bool vertical_ = false;
    bool bold_ = false;
    double scale_ = 1;
    std::optional<CMap> to_unicode_;

    // simple fonts
    SimpleEncoding encoding_;
    std::array<double, 256> widths_{};

    // composite fonts
    std::optional<PredefinedCMap> predefined_;
    std::optional<CMap> embedded_;
    std::unordered_map<std::uint32_t, double> cid_widths_;
    double default_width_ = 1;
    struct VerticalMetrics {
        double advance = -1;
        double x = 0;
        double y = 0.88;
    };
    std::unordered_map<std::uint32_t, VerticalMetrics> vertical_metrics_;
    VerticalMetrics default_vertical_;
    std::unordered_map<unsigned, char32_t> glyph_characters_;  // by CID
    std::string collection_;                                   // "GB1", ...

    std::unordered_map<std::uint64_t, ShownCharacter> cache_;  // by code and its length
};

}  // namespace moat::adapters
