#include "index/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include "base/check.h"

namespace moat::index {
namespace {

bool is_ascii(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80) return false;
    }
    return true;
}

std::string ascii_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return out;
}

icu::StringPiece piece(std::string_view text) {
    return {text.data(), static_cast<std::int32_t>(text.size())};
}

}  // namespace

char32_t next_character(std::string_view text, std::size_t& position) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    auto at = static_cast<std::int64_t>(position);
    const auto end = static_cast<std::int64_t>(text.size());
    UChar32 character = 0;
    U8_NEXT_OR_FFFD(bytes, at, end, character);
    position = static_cast<std::size_t>(at);
    return static_cast<char32_t>(character);
}

void append_character(std::string& out, char32_t character) {
    std::uint8_t bytes[U8_MAX_LENGTH];
    std::int32_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, static_cast<UChar32>(character));
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

CharacterClass class_of(char32_t character) {
    const auto c = static_cast<UChar32>(character);
    if (c < 0x80) {
        const bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return alphanumeric ? CharacterClass::word : CharacterClass::other;
    }
    constexpr std::uint32_t kWord = U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK;
    if ((U_GET_GC_MASK(c) & kWord) == 0) return CharacterClass::other;

    UErrorCode error = U_ZERO_ERROR;
    switch (uscript_getScript(c, &error)) {
        case USCRIPT_HAN:
            return CharacterClass::ideograph;
        case USCRIPT_HIRAGANA:
        case USCRIPT_KATAKANA:
            return CharacterClass::syllable;
        default:
            break;
    }
    // The mark of long vowels is common to both kana and belongs to no single script.
    return c == 0x30FC ? CharacterClass::syllable : CharacterClass::word;
}

std::string fold(std::string_view text) {
    if (is_ascii(text)) return ascii_lower(text);
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* folder = icu::Normalizer2::getNFKCCasefoldInstance(error);
    CHECK(U_SUCCESS(error), u_errorName(error));
    std::string out;
    icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(text.size()));
    folder->normalizeUTF8(0, piece(text), sink, nullptr, error);
    CHECK(U_SUCCESS(error), u_errorName(error));
    return out;
}

std::string lower(std::string_view text) {
    if (is_ascii(text)) return ascii_lower(text);
    UErrorCode error = U_ZERO_ERROR;
    std::string out;
    icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(text.size()));
    icu::CaseMap::utf8ToLower("", 0, piece(text), sink, nullptr, error);
    CHECK(U_SUCCESS(error), u_errorName(error));
    return out;
}

bool is_white_space(char32_t character) {
    return u_isUWhiteSpace(static_cast<UChar32>(character)) != 0;
}

}  // namespace moat::index
