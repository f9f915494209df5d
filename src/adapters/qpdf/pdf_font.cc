#include "adapters/qpdf/pdf_font.h"

#include <algorithm>
#include <charconv>

#include "adapters/qpdf/cid_codes.h"
#include "adapters/qpdf/standard_widths.h"
#include "adapters/qpdf/truetype_cmap.h"
#include "documents/characters.h"

namespace moat::adapters {
namespace {

constexpr std::size_t kMaxArray = 200'000;

bool suggests_bold(std::string_view font_name) {
    for (const std::string_view word :
         {"Bold",
          "bold",
          "Black",
          "Heavy",
          "SimHei",
          "HeiTi",
          "STHeiti",
          "STXihei",
          "YaHei,Bold",
          "-Hei",
          "黑体",
          "CMBX",
          "Demi"}) {
        if (font_name.contains(word)) return true;
    }
    return font_name.ends_with("-Medi");  // the bold of Times and its copies in TeX
}

// ISO 32000-1, 9.8: weight, and the flag ForceBold.
bool is_described_bold(const PdfObject& font) {
    const PdfObject descriptor = font.get("FontDescriptor");
    const auto flags =
        static_cast<std::uint32_t>(std::clamp(descriptor.get("Flags").number(0), 0.0, 4e9));
    return descriptor.get("FontWeight").number(400) >= 600 || (flags & 1U << 18U) != 0;
}

// The encoding that a Type 1 font program defines for itself, in clear text before its encrypted
// part: "dup 65 /A put".
void read_type1_encoding(std::string_view program, SimpleEncoding& encoding) {
    const std::size_t begin = program.find("/Encoding");
    if (begin == std::string_view::npos) return;
    const std::size_t end = std::min(program.find("eexec", begin), program.size());
    std::string_view part = program.substr(begin, end - begin);
    for (std::size_t at = part.find("dup "); at != std::string_view::npos; at = part.find("dup ")) {
        part.remove_prefix(at + 4);
        unsigned code = 0;
        const auto read = std::from_chars(part.data(), part.data() + part.size(), code);
        if (read.ec != std::errc{} || code > 255) continue;
        part.remove_prefix(static_cast<std::size_t>(read.ptr - part.data()));
        const std::size_t slash = part.find_first_not_of(" \t");
        if (slash == std::string_view::npos || part[slash] != '/') continue;
        const std::size_t stop = std::min(part.find_first_of(" \t\r\n", slash), part.size());
        encoding[code] = glyph_text(part.substr(slash + 1, stop - slash - 1));
    }
}

void apply_differences(const PdfObject& differences, SimpleEncoding& encoding) {
    if (!differences.is_array()) return;
    const std::size_t count = std::min<std::size_t>(differences.size(), 1000);
    std::size_t code = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const PdfObject item = differences.at(i);
        if (item.is_number()) {
            code = static_cast<std::size_t>(std::clamp(item.number(0), 0.0, 256.0));
        } else if (item.is_name()) {
            if (code < 256) encoding[code] = glyph_text(item.name());
            ++code;
        }
    }
}

SimpleEncoding built_in_encoding(std::string_view font, bool true_type) {
    if (font.contains("Symbol")) return symbol_encoding();
    if (font.contains("Dingbats")) return dingbats_encoding();
    if (font.contains("Wingdings") || font.contains("Webdings")) {
        SimpleEncoding bullets;
        bullets.fill("•");
        return bullets;
    }
    return named_encoding(true_type ? "WinAnsiEncoding" : "StandardEncoding");
}

// Text that a ToUnicode map means seriously.
bool is_meaningful(std::string_view text) {
    if (text.empty()) return false;
    std::size_t at = 0;
    const char32_t c = documents::next_character(text, at);
    const bool private_use = c >= 0xE000 && c < 0xF900;
    return c != 0 && c != 0xFFFD && !private_use && (c >= 0x20 || documents::is_space(c));
}

}  // namespace

PdfFont::PdfFont(const PdfObject& dictionary, const documents::TextDecoder& decoder, PdfFile& file)
    : decoder_(decoder) {
    if (!dictionary.is_dictionary()) {
        encoding_ = named_encoding("WinAnsiEncoding");
        widths_.fill(0.5);
        return;
    }
    bold_ = suggests_bold(dictionary.get("BaseFont").name()) || is_described_bold(dictionary);
    if (const PdfObject map = dictionary.get("ToUnicode"); map.is_stream()) {
        to_unicode_.emplace(file.stream_data(map));
        if (!to_unicode_->has_unicode()) to_unicode_.reset();
    }
    composite_ = dictionary.get("Subtype").name() == "Type0";
    if (composite_) {
        read_composite(dictionary, file);
    } else {
        read_simple(dictionary, file);
    }
}

void PdfFont::read_simple(const PdfObject& dictionary, PdfFile& file) {
    const std::string base_font = dictionary.get("BaseFont").name();
    const std::string subtype = dictionary.get("Subtype").name();
    const PdfObject encoding = dictionary.get("Encoding");
    const bool named =
        encoding.is_name() || (encoding.is_dictionary() && encoding.get("BaseEncoding").is_name());
    if (named) {
        encoding_ =
            named_encoding((encoding.is_name() ? encoding : encoding.get("BaseEncoding")).name());
    } else {
        encoding_ = built_in_encoding(base_font, subtype == "TrueType");
        const PdfObject descriptor = dictionary.get("FontDescriptor");
        if (descriptor.get("FontFile").is_stream())
            read_type1_encoding(file.stream_data(descriptor.get("FontFile")), encoding_);
    }
    if (encoding.is_dictionary()) apply_differences(encoding.get("Differences"), encoding_);
    if (subtype == "Type3") {
        const PdfObject matrix = dictionary.get("FontMatrix");
        if (matrix.is_array() && matrix.size() == 6)
            scale_ = std::abs(matrix.at(0).number(0.001)) * 1000;
    }
    read_simple_widths(dictionary, base_font);
}

void PdfFont::read_simple_widths(const PdfObject& dictionary, std::string_view base_font) {
    const PdfObject descriptor = dictionary.get("FontDescriptor");
    const PdfObject widths = dictionary.get("Widths");
    double missing = 0;
    if (descriptor.is_dictionary()) missing = descriptor.get("MissingWidth").number(0) / 1000;
    if (!widths.is_array()) {
        for (std::size_t code = 0; code < widths_.size(); ++code)
            widths_[code] = standard_width(base_font, static_cast<unsigned char>(code)) / 1000.0;
        return;
    }
    widths_.fill(missing);
    const auto first =
        static_cast<std::size_t>(std::clamp(dictionary.get("FirstChar").number(0), 0.0, 255.0));
    const std::size_t count = std::min(widths.size(), 256 - first);
    for (std::size_t i = 0; i < count; ++i) {
        widths_[first + i] = widths.at(i).number(0) / 1000 * scale_;
    }
}

void PdfFont::read_composite(const PdfObject& dictionary, PdfFile& file) {
    const PdfObject encoding = dictionary.get("Encoding");
    if (encoding.is_name()) {
        const std::string name = encoding.name();
        predefined_ = find_predefined_cmap(name);
        vertical_ = predefined_ ? predefined_->vertical : name.ends_with("-V");
    } else if (encoding.is_stream()) {
        embedded_.emplace(file.stream_data(encoding));
        vertical_ = embedded_->vertical() || encoding.get("WMode").number(0) == 1;
        if (!embedded_->base().empty()) predefined_ = find_predefined_cmap(embedded_->base());
    }
    const PdfObject descendants = dictionary.get("DescendantFonts");
    if (!descendants.is_array() || descendants.size() == 0) return;
    const PdfObject font = descendants.at(0);
    if (!font.is_dictionary()) return;
    bold_ = bold_ || suggests_bold(font.get("BaseFont").name()) || is_described_bold(font);
    read_composite_widths(font);
    if (vertical_) read_vertical_metrics(font);
    collection_ = font.get("CIDSystemInfo").get("Ordering").text();
    if (!to_unicode_ && !predefined_) read_glyph_characters(font, file);
}

// "c [w1 w2 ...]" and "first last w", mixed (ISO 32000-1, 9.7.4.3).
void PdfFont::read_composite_widths(const PdfObject& font) {
    default_width_ = font.get("DW").number(1000) / 1000;
    const PdfObject widths = font.get("W");
    if (!widths.is_array()) return;
    const std::size_t count = std::min(widths.size(), kMaxArray);
    for (std::size_t i = 0; i + 1 < count;) {
        const auto first =
            static_cast<std::uint32_t>(std::clamp(widths.at(i).number(0), 0.0, 65535.0));
        const PdfObject second = widths.at(i + 1);
        if (second.is_array()) {
            const std::size_t inner = std::min<std::size_t>(second.size(), 65536);
            for (std::size_t j = 0; j < inner; ++j)
                cid_widths_[first + static_cast<std::uint32_t>(j)] = second.at(j).number(0) / 1000;
            i += 2;
        } else {
            if (i + 2 >= count) return;
            const auto last =
                static_cast<std::uint32_t>(std::clamp(second.number(0), 0.0, 65535.0));
            const double width = widths.at(i + 2).number(0) / 1000;
            for (std::uint32_t cid = first; cid <= last; ++cid)
                cid_widths_[cid] = width;
            i += 3;
        }
    }
}

// "c [w1 vx vy ...]" and "first last w vx vy" (ISO 32000-1, 9.7.4.3).
void PdfFont::read_vertical_metrics(const PdfObject& font) {
    const PdfObject defaults = font.get("DW2");
    if (defaults.is_array() && defaults.size() == 2) {
        default_vertical_.y = defaults.at(0).number(880) / 1000;
        default_vertical_.advance = defaults.at(1).number(-1000) / 1000;
    }
    const PdfObject metrics = font.get("W2");
    if (!metrics.is_array()) return;
    const auto read = [](const PdfObject& array, std::size_t at) {
        return VerticalMetrics{
            array.at(at).number(-1000) / 1000,
            array.at(at + 1).number(500) / 1000,
            array.at(at + 2).number(880) / 1000,
        };
    };
    const std::size_t count = std::min(metrics.size(), kMaxArray);
    for (std::size_t i = 0; i + 1 < count;) {
        const auto first =
            static_cast<std::uint32_t>(std::clamp(metrics.at(i).number(0), 0.0, 65535.0));
        const PdfObject second = metrics.at(i + 1);
        if (second.is_array()) {
            const std::size_t inner = std::min<std::size_t>(second.size(), 65536 * 3);
            for (std::size_t j = 0; j + 2 < inner; j += 3)
                vertical_metrics_[first + static_cast<std::uint32_t>(j / 3)] = read(second, j);
            i += 2;
        } else {
            if (i + 4 >= count) return;
            const auto last =
                static_cast<std::uint32_t>(std::clamp(second.number(0), 0.0, 65535.0));
            const VerticalMetrics same = read(metrics, i + 2);
            for (std::uint32_t cid = first; cid <= last; ++cid)
                vertical_metrics_[cid] = same;
            i += 5;
        }
    }
}

// A TrueType program often still maps characters to the glyphs that the strings name.
void PdfFont::read_glyph_characters(const PdfObject& font, PdfFile& file) {
    const PdfObject descriptor = font.get("FontDescriptor");
    if (!descriptor.is_dictionary()) return;
    PdfObject program = descriptor.get("FontFile2");
    if (!program.is_stream()) program = descriptor.get("FontFile3");
    if (!program.is_stream()) return;
    glyph_characters_ = characters_of_glyphs(file.stream_data(program));
    const PdfObject map = font.get("CIDToGIDMap");
    if (!map.is_stream() || glyph_characters_.empty()) return;
    const std::string glyphs = file.stream_data(map);
    std::unordered_map<unsigned, char32_t> by_cid;
    for (std::size_t i = 0; i + 1 < glyphs.size() && i < 131072; i += 2) {
        const unsigned glyph = static_cast<unsigned>(static_cast<unsigned char>(glyphs[i])) << 8U |
                               static_cast<unsigned char>(glyphs[i + 1]);
        const auto found = glyph_characters_.find(glyph);
        if (found != glyph_characters_.end())
            by_cid.emplace(static_cast<unsigned>(i / 2), found->second);
    }
    glyph_characters_ = std::move(by_cid);
}

CharacterCode PdfFont::next_code(std::string_view bytes) const {
    if (!composite_) return {static_cast<unsigned char>(bytes[0]), 1};
    if (embedded_ && embedded_->has_codespace()) return embedded_->next_code(bytes);
    if (predefined_) return predefined_->next_code(bytes);
    static const CMap two_bytes;
    return two_bytes.next_code(bytes);
}

std::string PdfFont::composite_text(std::string_view bytes, const CharacterCode& code) const {
    if (predefined_) {
        const auto text =
            decoder_.decode_as(bytes_of(predefined_->bytes_of(bytes)), predefined_->charset);
        return text ? *text : "";
    }
    std::uint32_t cid = code.value;
    if (embedded_) cid = embedded_->cid(code.value).value_or(code.value);
    const auto found = glyph_characters_.find(cid);
    std::string text;
    if (found != glyph_characters_.end()) {
        documents::append_character(text, found->second);
    } else if (const auto national = code_of_cid(collection_, cid)) {
        auto decoded = decoder_.decode_as(bytes_of(national->bytes), national->charset);
        if (decoded) text = *std::move(decoded);
    }
    return text;
}

std::string PdfFont::text_of(std::string_view bytes, const CharacterCode& code) const {
    std::string text;
    if (to_unicode_) text = to_unicode_->unicode(code.value);
    if (!is_meaningful(text)) {
        std::string other =
            composite_ ? composite_text(bytes, code) : encoding_[code.value & 0xFFU];
        if (!other.empty() || !to_unicode_) text = std::move(other);
    }
    return is_meaningful(text) ? text : "";
}

ShownCharacter PdfFont::make(std::string_view bytes, const CharacterCode& code) const {
    ShownCharacter shown;
    shown.text = text_of(bytes, code);
    shown.word_space = code.length == 1 && code.value == ' ';
    if (!composite_) {
        shown.advance = widths_[code.value & 0xFFU];
        return shown;
    }
    std::uint32_t cid = code.value;
    if (embedded_) cid = embedded_->cid(code.value).value_or(code.value);
    // CIDs of a predefined CMap are not known; its one-byte codes are half-width by convention.
    double width = predefined_ && code.length == 1 ? 0.5 : default_width_;
    if (!predefined_) {
        const auto found = cid_widths_.find(cid);
        if (found != cid_widths_.end()) width = found->second;
    }
    shown.advance = width;
    if (vertical_) {
        VerticalMetrics metrics = default_vertical_;
        metrics.x = width / 2;
        const auto found = vertical_metrics_.find(cid);
        if (found != vertical_metrics_.end()) metrics = found->second;
        shown.advance = metrics.advance;
        shown.origin_x = metrics.x;
        shown.origin_y = metrics.y;
    }
    return shown;
}

void PdfFont::for_each(
    std::string_view bytes, const std::function<void(const ShownCharacter&)>& visit
) {
    while (!bytes.empty()) {
        const CharacterCode code = next_code(bytes);
        const auto length = static_cast<std::size_t>(std::max(code.length, 1));
        const std::uint64_t key = std::uint64_t{code.value} << 3U | length;
        auto found = cache_.find(key);
        if (found == cache_.end())
            found = cache_.emplace(key, make(bytes.substr(0, length), code)).first;
        visit(found->second);
        bytes.remove_prefix(std::min(length, bytes.size()));
    }
}

}  // namespace moat::adapters
