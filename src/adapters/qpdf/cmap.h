#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace moat::adapters {

// Bytes of a code in a string to show, with its value (big-endian).
struct CharacterCode {
    std::uint32_t value = 0;
    int length = 1;
};

// A CMap read from a PDF (ISO 32000-1, 9.7.5 and 9.10.3): how strings fall into codes, and what
// codes stand for. Threads: any (const). Cost: look-ups are logarithmic; ranges stay ranges, so a
// small file cannot make a large map.
class CMap {
  public:
    CMap() = default;
    explicit CMap(std::string_view source);

    // The next code of `bytes` (not empty) by the codespace ranges; two bytes where there are none.
    CharacterCode next_code(std::string_view bytes) const;
    // By bfchar and bfrange; empty when the code has no entry.
    std::string unicode(std::uint32_t code) const;
    // By cidchar and cidrange.
    std::optional<std::uint32_t> cid(std::uint32_t code) const;

    bool has_codespace() const { return !codespace_.empty(); }
    bool has_unicode() const { return !texts_.empty() || !text_ranges_.empty(); }
    bool vertical() const { return vertical_; }
    // The name behind usecmap; empty when there is none.
    const std::string& base() const { return base_; }

  private:
    struct Codespace {
        int length = 1;
        std::uint32_t first = 0;
        std::uint32_t last = 0;
    };
    struct TextRange {
        std::uint32_t first = 0;
        std::uint32_t last = 0;
        std::u16string text;  // of the first; the last unit counts on
    };
    struct CidRange {
        std::uint32_t first = 0;
        std::uint32_t last = 0;
        std::uint32_t cid = 0;
    };
    class Reader;

    std::vector<Codespace> codespace_;
    std::unordered_map<std::uint32_t, std::u16string> texts_;
    std::vector<TextRange> text_ranges_;  // sorted by first
    std::vector<CidRange> cid_ranges_;    // sorted by first
    bool vertical_ = false;
    std::string base_;
};

// UTF-16 as UTF-8; halves of surrogate pairs become U+FFFD.
std::string utf8_of(std::u16string_view text);
// Big-endian bytes.
std::u16string utf16_of(std::string_view bytes);

}  // namespace moat::adapters
