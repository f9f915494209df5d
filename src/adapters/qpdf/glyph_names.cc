#include <algorithm>
#include <array>
#include <charconv>

#include "adapters/qpdf/simple_encoding.h"
#include "documents/characters.h"

namespace moat::adapters {
namespace {

struct Name {
    std::string_view name;
    std::string_view text;
};

// Sorted by name. Letters with accents are made from their parts.
constexpr auto kNames = std::to_array<Name>({
    {"AE", "Æ"},
    {"Alpha", "Α"},
    {"Beta", "Β"},
    {"Chi", "Χ"},
    {"Delta", "∆"},
    {"Epsilon", "Ε"},
    {"Eta", "Η"},
    {"Eth", "Ð"},
    {"Euro", "€"},
    {"Gamma", "Γ"},
    {"Iota", "Ι"},
    {"Kappa", "Κ"},
    {"Lambda", "Λ"},
    {"Lslash", "Ł"},
    {"Mu", "Μ"},
    {"Nu", "Ν"},
    {"OE", "Œ"},
    {"Omega", "Ω"},
    {"Omicron", "Ο"},
    {"Oslash", "Ø"},
    {"Phi", "Φ"},
    {"Pi", "Π"},
    {"Psi", "Ψ"},
    {"Rho", "Ρ"},
    {"Sigma", "Σ"},
    {"Tau", "Τ"},
    {"Theta", "Θ"},
    {"Thorn", "Þ"},
    {"Upsilon", "Υ"},
    {"Xi", "Ξ"},
    {"Zeta", "Ζ"},
    {"acute", "´"},
    {"ae", "æ"},
    {"aleph", "ℵ"},
    {"alpha", "α"},
    {"ampersand", "&"},
    {"angleleft", "〈"},
    {"angleright", "〉"},
    {"approxequal", "≈"},
    {"arrowdown", "↓"},
    {"arrowleft", "←"},
    {"arrowright", "→"},
    {"arrowup", "↑"},
    {"asciicircum", "^"},
    {"asciitilde", "~"},
    {"asterisk", "*"},
    {"asteriskmath", "∗"},
    {"at", "@"},
    {"backslash", "\\"},
    {"bar", "|"},
    {"beta", "β"},
    {"braceleft", "{"},
    {"braceright", "}"},
    {"bracketleft", "["},
    {"bracketright", "]"},
    {"breve", "˘"},
    {"brokenbar", "¦"},
    {"bullet", "•"},
    {"caron", "ˇ"},
    {"cedilla", "¸"},
    {"cent", "¢"},
    {"check", "✓"},
    {"checkmark", "✓"},
    {"chi", "χ"},
    {"circle", "○"},
    {"circlemultiply", "⊗"},
    {"circleplus", "⊕"},
    {"circumflex", "ˆ"},
    {"colon", ":"},
    {"comma", ","},
    {"congruent", "≅"},
    {"copyright", "©"},
    {"copyrightsans", "©"},
    {"copyrightserif", "©"},
    {"currency", "¤"},
    {"dagger", "†"},
    {"daggerdbl", "‡"},
    {"degree", "°"},
    {"delta", "δ"},
    {"diamond", "♦"},
    {"dieresis", "¨"},
    {"divide", "÷"},
    {"dollar", "$"},
    {"dotaccent", "˙"},
    {"dotlessi", "ı"},
    {"dotlessj", "ȷ"},
    {"dotmath", "⋅"},
    {"eight", "8"},
    {"element", "∈"},
    {"ellipsis", "…"},
    {"emdash", "—"},
    {"emptyset", "∅"},
    {"endash", "–"},
    {"epsilon", "ε"},
    {"epsilon1", "ϵ"},
    {"equal", "="},
    {"equivalence", "≡"},
    {"estimated", "℮"},
    {"eta", "η"},
    {"eth", "ð"},
    {"exclam", "!"},
    {"exclamdown", "¡"},
    {"existential", "∃"},
    {"f_f", "ff"},
    {"ff", "ff"},
    {"ffi", "ffi"},
    {"ffl", "ffl"},
    {"fi", "fi"},
    {"five", "5"},
    {"fl", "fl"},
    {"florin", "ƒ"},
    {"four", "4"},
    {"fraction", "⁄"},
    {"gamma", "γ"},
    {"germandbls", "ß"},
    {"gradient", "∇"},
    {"grave", "`"},
    {"greater", ">"},
    {"greaterequal", "≥"},
    {"guillemotleft", "«"},
    {"guillemotright", "»"},
    {"guilsinglleft", "‹"},
    {"guilsinglright", "›"},
    {"hungarumlaut", "˝"},
    {"hyphen", "-"},
    {"hyphenminus", "-"},
    {"infinity", "∞"},
    {"integral", "∫"},
    {"intersection", "∩"},
    {"iota", "ι"},
    {"kappa", "κ"},
    {"lambda", "λ"},
    {"less", "<"},
    {"lessequal", "≤"},
    {"logicaland", "∧"},
    {"logicalnot", "¬"},
    {"logicalor", "∨"},
    {"lozenge", "◊"},
    {"lslash", "ł"},
    {"macron", "¯"},
    {"minus", "−"},
    {"minute", "′"},
    {"mu", "µ"},
    {"mu1", "µ"},
    {"multiply", "×"},
    {"nbspace", " "},
    {"nine", "9"},
    {"nonbreakingspace", " "},
    {"notelement", "∉"},
    {"notequal", "≠"},
    {"notsubset", "⊄"},
    {"nu", "ν"},
    {"numbersign", "#"},
    {"oe", "œ"},
    {"ogonek", "˛"},
    {"omega", "ω"},
    {"omega1", "ϖ"},
    {"omicron", "ο"},
    {"one", "1"},
    {"onehalf", "½"},
    {"onequarter", "¼"},
    {"onesuperior", "¹"},
    {"openbullet", "◦"},
    {"ordfeminine", "ª"},
    {"ordmasculine", "º"},
    {"oslash", "ø"},
    {"paragraph", "¶"},
    {"parenleft", "("},
    {"parenright", ")"},
    {"partialdiff", "∂"},
    {"percent", "%"},
    {"period", "."},
    {"periodcentered", "·"},
    {"perpendicular", "⊥"},
    {"perthousand", "‰"},
    {"phi", "φ"},
    {"phi1", "ϕ"},
    {"pi", "π"},
    {"plus", "+"},
    {"plusminus", "±"},
    {"product", "∏"},
    {"propersubset", "⊂"},
    {"propersuperset", "⊃"},
    {"proportional", "∝"},
    {"psi", "ψ"},
    {"question", "?"},
    {"questiondown", "¿"},
    {"quotedbl", "\""},
    {"quotedblbase", "„"},
    {"quotedblleft", "“"},
    {"quotedblright", "”"},
    {"quoteleft", "‘"},
    {"quoteright", "’"},
    {"quotesinglbase", "‚"},
    {"quotesingle", "'"},
    {"radical", "√"},
    {"reflexsubset", "⊆"},
    {"reflexsuperset", "⊇"},
    {"registered", "®"},
    {"registersans", "®"},
    {"registerserif", "®"},
    {"rho", "ρ"},
    {"ring", "˚"},
    {"second", "″"},
    {"section", "§"},
    {"semicolon", ";"},
    {"seven", "7"},
    {"sfthyphen", "-"},
    {"sigma", "σ"},
    {"sigma1", "ς"},
    {"similar", "∼"},
    {"six", "6"},
    {"slash", "/"},
    {"softhyphen", "-"},
    {"space", " "},
    {"square", "□"},
    {"sterling", "£"},
    {"suchthat", "∋"},
    {"summation", "∑"},
    {"tau", "τ"},
    {"therefore", "∴"},
    {"theta", "θ"},
    {"theta1", "ϑ"},
    {"thorn", "þ"},
    {"three", "3"},
    {"threequarters", "¾"},
    {"threesuperior", "³"},
    {"tilde", "˜"},
    {"trademark", "™"},
    {"trademarksans", "™"},
    {"trademarkserif", "™"},
    {"two", "2"},
    {"twosuperior", "²"},
    {"underscore", "_"},
    {"union", "∪"},
    {"universal", "∀"},
    {"upsilon", "υ"},
    {"visiblespace", "␣"},
    {"weierstrass", "℘"},
    {"xi", "ξ"},
    {"yen", "¥"},
    {"zero", "0"},
    {"zeta", "ζ"},
});

struct Accent {
    std::string_view name;
    char32_t mark;
};

constexpr auto kAccents = std::to_array<Accent>({
    {"acute", 0x301},
    {"breve", 0x306},
    {"caron", 0x30C},
    {"cedilla", 0x327},
    {"circumflex", 0x302},
    {"commaaccent", 0x326},
    {"dieresis", 0x308},
    {"dotaccent", 0x307},
    {"grave", 0x300},
    {"hungarumlaut", 0x30B},
    {"macron", 0x304},
    {"ogonek", 0x328},
    {"ring", 0x30A},
    {"tilde", 0x303},
});

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// "uni4E2D6587", "u1F600", "uni0041".
std::string text_of_code(std::string_view name) {
    const bool four = name.starts_with("uni") && name.size() >= 7 && (name.size() - 3) % 4 == 0;
    const bool free = name.starts_with('u') && name.size() >= 5 && name.size() <= 7;
    if (!four && !free) return "";
    std::string_view digits = name.substr(four ? 3 : 1);
    const std::size_t step = four ? 4 : digits.size();
    std::string out;
    while (!digits.empty()) {
        std::uint32_t code = 0;
        const char* const end = digits.data() + step;
        const auto read = std::from_chars(digits.data(), end, code, 16);
        if (read.ec != std::errc{} || read.ptr != end || code == 0) return "";
        documents::append_character(out, code);
        digits.remove_prefix(step);
    }
    return out;
}

std::string text_of_part(std::string_view name) {
    if (name.size() == 1 && is_letter(name[0])) return std::string(name);
    const auto found = std::ranges::lower_bound(kNames, name, {}, &Name::name);
    if (found != kNames.end() && found->name == name) return std::string(found->text);
    if (name.size() > 4 && is_letter(name[0])) {
        const auto accent = std::ranges::find(kAccents, name.substr(1), &Accent::name);
        if (accent != kAccents.end()) {
            std::string out(1, name[0]);
            documents::append_character(out, accent->mark);
            return out;
        }
    }
    return text_of_code(name);
}

}  // namespace

std::string glyph_text(std::string_view name) {
    name = name.substr(0, name.find('.'));  // a variant: "a.sc"
    if (std::string whole = text_of_part(name); !whole.empty()) return whole;
    std::string out;
    while (!name.empty()) {
        const std::size_t end = std::min(name.find('_'), name.size());
        std::string part = text_of_part(name.substr(0, end));
        if (part.empty()) return "";
        out += part;
        name.remove_prefix(std::min(end + 1, name.size()));
    }
    return out;
}

}  // namespace moat::adapters
