#include "adapters/text_encoding/icu_text_decoder.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <uchardet/uchardet.h>
#include <unicode/normalizer2.h>
#include <unicode/ucnv.h>
#include <unicode/unistr.h>

#include "adapters/text_encoding/utf16_guess.h"

namespace moat::adapters {
namespace {

using documents::DecodedText;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kDetectBytes = std::size_t{1} << 18U;

struct CloseConverter {
    void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

struct Alias {
    std::string_view label;
    std::string_view encoding;
};

// A label names a family in practice: what is declared as GB2312 holds GBK characters, what is
// declared as Latin-1 is Windows-1252 (WHATWG Encoding Standard, section 4.2).
constexpr std::array kAliases = std::to_array<Alias>({
    {"ascii", "windows-1252"},
    {"us-ascii", "windows-1252"},
    {"iso-8859-1", "windows-1252"},
    {"latin1", "windows-1252"},
    {"gb2312", "GB18030"},
    {"gb_2312-80", "GB18030"},
    {"gbk", "GB18030"},
    {"x-gbk", "GB18030"},
    {"gb18030", "GB18030"},
    {"hz-gb-2312", "HZ-GB-2312"},
    {"big5", "Big5-HKSCS"},
    {"big5-hkscs", "Big5-HKSCS"},
    {"shift_jis", "windows-31j"},
    {"shift-jis", "windows-31j"},
    {"sjis", "windows-31j"},
    {"euc-kr", "windows-949-2000"},
    {"uhc", "windows-949-2000"},
    {"utf-16", "UTF-16LE"},
});

// What people call it.
std::string display_name(std::string_view encoding) {
    if (encoding == "Big5-HKSCS") return "Big5";
    if (encoding == "windows-31j") return "Shift_JIS";
    if (encoding == "windows-949-2000") return "EUC-KR";
    return std::string(encoding);
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::string canonical(std::string_view label) {
    const std::string key = lower(label);
    const auto found = std::ranges::find(kAliases, key, &Alias::label);
    return found == kAliases.end() ? std::string(label) : std::string(found->encoding);
}

Converter open_converter(std::string_view encoding) {
    UErrorCode code = U_ZERO_ERROR;
    Converter converter(ucnv_open(std::string(encoding).c_str(), &code));
    return U_SUCCESS(code) ? std::move(converter) : nullptr;
}

// In pieces, so that the UTF-16 form of a large file never exists as a whole.
std::string convert(UConverter* converter, std::string_view bytes) {
    std::array<UChar, 4096> buffer{};
    std::string out;
    out.reserve(bytes.size() + bytes.size() / 2);
    const char* source = bytes.data();
    const char* const end = source + bytes.size();
    icu::UnicodeString piece;
    UErrorCode code = U_BUFFER_OVERFLOW_ERROR;
    while (code == U_BUFFER_OVERFLOW_ERROR) {
        code = U_ZERO_ERROR;
        UChar* target = buffer.data();
        ucnv_toUnicode(
            converter, &target, buffer.data() + buffer.size(), &source, end, nullptr, true, &code
        );
        piece.append(buffer.data(), static_cast<int32_t>(target - buffer.data()));
        // A pair of surrogates may lie across two pieces: keep its first half.
        const int32_t size = piece.length();
        const bool half = size > 0 && U16_IS_LEAD(piece[size - 1]) && code != U_ZERO_ERROR;
        piece.tempSubString(0, size - (half ? 1 : 0)).toUTF8String(out);
        piece.remove(0, size - (half ? 1 : 0));
    }
    piece.toUTF8String(out);
    return out;
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + part.size()))
        ++count;
    return count;
}

std::string detect(std::string_view bytes) {
    const std::unique_ptr<uchardet, decltype(&uchardet_delete)> detector(
        uchardet_new(), &uchardet_delete
    );
    if (uchardet_handle_data(detector.get(), bytes.data(), std::min(bytes.size(), kDetectBytes)))
        return "";
    uchardet_data_end(detector.get());
    return uchardet_get_charset(detector.get());
}

// Line ends, tabs and form feeds belong to text; more than a few other controls do not.
bool looks_binary(std::string_view text) {
    std::size_t controls = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == 0) return true;
        if (byte < 0x20 && (byte < '\t' || byte > '\r') && byte != 0x1B) ++controls;
    }
    return controls * 100 > text.size();
}

bool is_presentation_form(UChar32 c) {
    return (c >= 0xFB00 && c <= 0xFB06) ||  // Latin ligatures
           (c >= 0xFB1D && c <= 0xFDFF) ||  // Hebrew, Arabic
           (c >= 0xFE70 && c <= 0xFEFC) ||  // Arabic
           (c >= 0x2E80 && c <= 0x2FDF) ||  // radicals
           (c >= 0xF900 && c <= 0xFAFF);    // ideographs
}

const Error kBinary{ErrorCode::corrupt, "holds binary data where text was expected"};

class IcuTextDecoder final : public documents::TextDecoder {
  public:
    IcuTextDecoder() {
        for (const char* name : {"GB18030", "Big5-HKSCS", "windows-31j", "EUC-JP", "UTF-16LE"})
            (void)open_converter(name);  // only to have its table loaded
        UErrorCode code = U_ZERO_ERROR;
        nfkc_ = icu::Normalizer2::getNFKCInstance(code);
        nfc_ = icu::Normalizer2::getNFCInstance(code);
        CHECK(U_SUCCESS(code), u_errorName(code));
    }

    Result<DecodedText> decode(BytesView bytes, std::string_view declared) const override {
        const std::string_view text = text_of(bytes);
        if (auto marked = decode_marked(text)) return checked(std::move(*marked));
        if (is_utf8(text) && !text.contains('\0')) {
            const bool iso2022 = text.contains("\x1B$B") || text.contains("\x1B$@");
            return checked(iso2022 ? decode_named(text, "ISO-2022-JP") : plain(text));
        }
        if (const auto utf16 = guess_utf16(bytes); !utf16.empty())
            return checked(decode_named(text, utf16));
        if (looks_binary(text)) return kBinary;
        return checked(best_of(text, declared));
    }

    Result<std::string> decode_as(BytesView bytes, std::string_view encoding) const override {
        const Converter converter = open_converter(canonical(encoding));
        if (!converter) {
            return Error{
                ErrorCode::unsupported,
                "names an unknown character encoding: " + std::string(encoding.substr(0, 40))
            };
        }
        return convert(converter.get(), text_of(bytes));
    }

    std::string fold_presentation_forms(std::string_view text) const override {
        if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
            return std::string(text);
        const auto in = icu::UnicodeString::fromUTF8(
            icu::StringPiece(text.data(), static_cast<int32_t>(text.size()))
        );
        icu::UnicodeString folded;
        for (int32_t i = 0; i < in.length(); i = in.moveIndex32(i, 1)) {
            const UChar32 c = in.char32At(i);
            icu::UnicodeString plain;
            if (is_presentation_form(c) && nfkc_->getDecomposition(c, plain)) {
                folded.append(plain);
            } else {
                folded.append(c);
            }
        }
        UErrorCode code = U_ZERO_ERROR;
        const icu::UnicodeString composed = nfc_->normalize(folded, code);
        std::string out;
        (U_SUCCESS(code) ? composed : folded).toUTF8String(out);
        return out;
    }

  private:
    static Result<DecodedText> checked(DecodedText decoded) {
        if (looks_binary(decoded.text)) return kBinary;
        return decoded;
    }

    static DecodedText plain(std::string_view text) {
        return {.text = std::string(text), .encoding = "UTF-8"};
    }

    static DecodedText decode_named(std::string_view bytes, std::string_view label) {
        const std::string encoding = canonical(label);
        const Converter converter = open_converter(encoding);
        if (!converter) return {.text = to_valid_utf8(bytes), .encoding = "UTF-8", .lossy = true};
        std::string text = convert(converter.get(), bytes);
        const bool lossy = text.contains(kReplacement);
        return {.text = std::move(text), .encoding = display_name(encoding), .lossy = lossy};
    }

    static std::optional<DecodedText> decode_marked(std::string_view text) {
        if (text.starts_with("\xEF\xBB\xBF")) {
            std::string valid = to_valid_utf8(text.substr(3));
            const bool lossy = valid.size() != text.size() - 3 || valid != text.substr(3);
            return DecodedText{.text = std::move(valid), .encoding = "UTF-8", .lossy = lossy};
        }
        if (text.starts_with(std::string_view("\xFF\xFE\0\0", 4)))
            return decode_named(text.substr(4), "UTF-32LE");
        if (text.starts_with("\xFF\xFE")) return decode_named(text.substr(2), "UTF-16LE");
        if (text.starts_with("\xFE\xFF")) return decode_named(text.substr(2), "UTF-16BE");
        return std::nullopt;
    }

    // The first label under which every byte has a meaning; else the one with the fewest losses.
    static DecodedText best_of(std::string_view text, std::string_view declared) {
        const std::string guess = detect(text);
        DecodedText best;
        std::size_t fewest = SIZE_MAX;
        for (const std::string_view label :
             {declared,
              std::string_view(guess),
              std::string_view("UTF-8"),
              std::string_view("GB18030"),
              std::string_view("Big5"),
              std::string_view("Shift_JIS"),
              std::string_view("windows-1252")}) {
            if (label.empty() || lower(label).starts_with("utf-16")) continue;
            DecodedText decoded = decode_named(text, label);
            const std::size_t losses = count_of(decoded.text, kReplacement);
            if (losses >= fewest) continue;
            fewest = losses;
            best = std::move(decoded);
            if (losses == 0) break;
        }
        return best;
    }

    // ICU's own, never freed.
    const icu::Normalizer2* nfkc_ = nullptr;
    const icu::Normalizer2* nfc_ = nullptr;
};

}  // namespace

std::unique_ptr<documents::TextDecoder> make_icu_text_decoder() {
    return std::make_unique<IcuTextDecoder>();
}

}  // namespace moat::adapters
