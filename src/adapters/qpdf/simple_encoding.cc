#include "adapters/qpdf/simple_encoding.h"

#include "documents/characters.h"

namespace moat::adapters {
namespace {

constexpr std::u32string_view kWindows =  // 0x80-0x9F; bullets where nothing is defined
    U"€•‚ƒ„…†‡ˆ‰Š‹Œ•Ž••‘’“”•–—˜™š›œ•žŸ";

constexpr std::u32string_view kMac =  // 0x80-0xFF
    U"ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u00A0ÀÃÕŒœ–—“”‘’÷◊"
    U"ÿŸ⁄"
    U"€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uF8FFÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";

constexpr std::u32string_view kStandard =  // 0xA0-0xFF, a blank where nothing is defined
    U" ¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ –†‡· ¶•‚„”»…‰ ¿ `´ˆ˜¯˘˙¨ ˚¸ ˝˛ˇ—                Æ ª    ŁØŒº     æ   ı  łøœß "
    U"   ";

constexpr std::u32string_view kSymbolLow =  // 0x20-0x7E
    U" !∀#∃%&∋()∗+,−./"
    U"0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼";

constexpr std::u32string_view kSymbolHigh =  // 0xA0-0xE5
    U"€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑";

void set(SimpleEncoding& encoding, std::size_t code, char32_t c) {
    encoding[code].clear();
    if (c != 0) documents::append_character(encoding[code], c);
}

void set_run(SimpleEncoding& encoding, std::size_t first, std::u32string_view characters) {
    for (std::size_t i = 0; i < characters.size() && first + i < 256; ++i)
        set(encoding, first + i, characters[i]);
}

SimpleEncoding ascii() {
    SimpleEncoding encoding;
    for (std::size_t code = 0x20; code < 0x7F; ++code)
        set(encoding, code, static_cast<char32_t>(code));
    return encoding;
}

}  // namespace

SimpleEncoding named_encoding(std::string_view name) {
    SimpleEncoding encoding = ascii();
    if (name == "WinAnsiEncoding") {
        set_run(encoding, 0x80, kWindows);
        for (std::size_t code = 0xA0; code < 0x100; ++code)
            set(encoding, code, static_cast<char32_t>(code));
        set(encoding, 0xAD, '-');
    } else if (name == "MacRomanEncoding") {
        set_run(encoding, 0x80, kMac);
    } else {
        set_run(encoding, 0xA0, kStandard);
        for (std::size_t code = 0xA0; code < 0x100; ++code) {
            if (encoding[code] == " ") encoding[code].clear();
        }
        set(encoding, '\'', U'’');
        set(encoding, '`', U'‘');
    }
    return encoding;
}

SimpleEncoding symbol_encoding() {
    SimpleEncoding encoding;
    set_run(encoding, 0x20, kSymbolLow);
    set_run(encoding, 0xA0, kSymbolHigh);
    return encoding;
}

SimpleEncoding dingbats_encoding() {
    SimpleEncoding encoding;
    set(encoding, 0x20, ' ');
    // Unicode's block of dingbats was laid out after this font.
    for (std::size_t code = 0x21; code < 0x7F; ++code)
        set(encoding, code, static_cast<char32_t>(0x2700 + code - 0x20));
    for (std::size_t code = 0xA1; code < 0xFF; ++code)
        set(encoding, code, static_cast<char32_t>(0x2700 + code - 0x40));
    // Characters that Unicode had before.
    set(encoding, 0x6C, U'●');
    set(encoding, 0x6E, U'■');
    set(encoding, 0x73, U'▲');
    set(encoding, 0x74, U'▼');
    set(encoding, 0x75, U'◆');
    set(encoding, 0x77, U'◗');
    return encoding;
}

}  // namespace moat::adapters
