#include "adapters/qpdf/cmap.h"

#include <algorithm>

#include "adapters/qpdf/content_lexer.h"
#include "documents/characters.h"

namespace moat::adapters {
namespace {

using Kind = ContentToken::Kind;

constexpr std::size_t kMaxEntries = 200'000;

std::uint32_t value_of(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes.substr(0, 4))
        value = value << 8U | static_cast<unsigned char>(byte);
    return value;
}

}  // namespace

std::u16string utf16_of(std::string_view bytes) {
    std::u16string out;
    if (bytes.size() == 1) return {static_cast<char16_t>(static_cast<unsigned char>(bytes[0]))};
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        out += static_cast<char16_t>(
            static_cast<unsigned char>(bytes[i]) << 8U | static_cast<unsigned char>(bytes[i + 1])
        );
    }
    return out;
}

std::string utf8_of(std::u16string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char32_t unit = text[i];
        const bool pair = unit >= 0xD800 && unit < 0xDC00 && i + 1 < text.size() &&
                          text[i + 1] >= 0xDC00 && text[i + 1] < 0xE000;
        if (pair) {
            documents::append_character(
                out, 0x10000 + ((unit - 0xD800) << 10U) + (char32_t{text[i + 1]} - 0xDC00)
            );
            ++i;
        } else {
            documents::append_character(out, unit);
        }
    }
    return out;
}

// Reads the operators between begin... and end... that define a CMap.
class CMap::Reader {
  public:
    Reader(CMap& map, std::string_view source) : map_(map), lexer_(source) {}

    void read() {
        ContentToken token;
        ContentToken last;
        while (lexer_.next(token)) {
            if (token.kind == Kind::keyword) {
                if (token.text == "begincodespacerange") read_codespace();
                if (token.text == "beginbfchar") read_bf_chars();
                if (token.text == "beginbfrange") read_bf_ranges();
                if (token.text == "begincidchar") read_cids(false);
                if (token.text == "begincidrange") read_cids(true);
                if (token.text == "usecmap" && last.kind == Kind::name) map_.base_ = last.text;
            } else if (token.kind == Kind::number && last.kind == Kind::name &&
                       last.text == "WMode") {
                map_.vertical_ = token.number == 1;
            }
            last = token;
        }
        std::ranges::sort(map_.text_ranges_, {}, &TextRange::first);
        std::ranges::sort(map_.cid_ranges_, {}, &CidRange::first);
    }

  private:
    // False at the end of the section.
    bool next(ContentToken& token) {
        return lexer_.next(token) && token.kind != Kind::keyword && ++entries_ < kMaxEntries * 3;
    }

    void read_codespace() {
        ContentToken first;
        ContentToken last;
        while (next(first) && next(last)) {
            if (first.kind != Kind::string || last.kind != Kind::string) continue;
            const auto length = static_cast<int>(std::clamp<std::size_t>(last.text.size(), 1, 4));
            map_.codespace_.push_back({length, value_of(first.text), value_of(last.text)});
        }
    }

    void read_bf_chars() {
        ContentToken code;
        ContentToken text;
        while (next(code) && next(text)) {
            if (code.kind != Kind::string || text.kind != Kind::string) continue;
            map_.texts_[value_of(code.text)] = utf16_of(text.text);
        }
    }

    void read_bf_ranges() {
        ContentToken first;
        ContentToken last;
        ContentToken text;
        while (next(first) && next(last) && next(text)) {
            const std::uint32_t begin = value_of(first.text);
            const std::uint32_t end = value_of(last.text);
            if (text.kind == Kind::string) {
                if (end >= begin) map_.text_ranges_.push_back({begin, end, utf16_of(text.text)});
            } else if (text.kind == Kind::array_begin) {
                for (std::uint32_t code = begin; next(text) && text.kind != Kind::array_end; ++code)
                    map_.texts_[code] = utf16_of(text.text);
            }
        }
    }

    void read_cids(bool ranges) {
        ContentToken first;
        ContentToken last;
        ContentToken cid;
        while (next(first) && (!ranges || next(last)) && next(cid)) {
            if (cid.kind != Kind::number || cid.number < 0 || cid.number > 0xFFFFFF) continue;
            const std::uint32_t begin = value_of(first.text);
            const std::uint32_t end = ranges ? value_of(last.text) : begin;
            if (end >= begin)
                map_.cid_ranges_.push_back({begin, end, static_cast<std::uint32_t>(cid.number)});
        }
    }

    CMap& map_;
    ContentLexer lexer_;
    std::size_t entries_ = 0;
};

CMap::CMap(std::string_view source) {
    Reader(*this, source).read();
}

CharacterCode CMap::next_code(std::string_view bytes) const {
    for (int length = 1; length <= 4 && static_cast<std::size_t>(length) <= bytes.size();
         ++length) {
        const std::uint32_t value = value_of(bytes.substr(0, static_cast<std::size_t>(length)));
        const bool known = std::ranges::any_of(codespace_, [&](const Codespace& range) {
            if (range.length != length) return false;
            // Each byte within its own limits.
            for (int i = 0; i < length; ++i) {
                const auto shift = static_cast<unsigned>(8 * i);
                const std::uint32_t byte = value >> shift & 0xFFU;
                if (byte < (range.first >> shift & 0xFFU) || byte > (range.last >> shift & 0xFFU))
                    return false;
            }
            return true;
        });
        if (known) return {value, length};
    }
    int length = 2;
    for (const Codespace& range : codespace_)
        length = std::min(length, range.length);
    length = std::min(length, static_cast<int>(bytes.size()));
    return {value_of(bytes.substr(0, static_cast<std::size_t>(length))), length};
}

std::string CMap::unicode(std::uint32_t code) const {
    const auto single = texts_.find(code);
    if (single != texts_.end()) return utf8_of(single->second);
    auto range = std::ranges::upper_bound(text_ranges_, code, {}, &TextRange::first);
    if (range == text_ranges_.begin()) return "";
    --range;
    if (code > range->last || range->text.empty()) return "";
    std::u16string text = range->text;
    text.back() = static_cast<char16_t>(text.back() + (code - range->first));
    return utf8_of(text);
}

std::optional<std::uint32_t> CMap::cid(std::uint32_t code) const {
    auto range = std::ranges::upper_bound(cid_ranges_, code, {}, &CidRange::first);
    if (range == cid_ranges_.begin()) return std::nullopt;
    --range;
    if (code > range->last) return std::nullopt;
    return range->cid + (code - range->first);
}

}  // namespace moat::adapters
