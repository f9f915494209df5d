#include "answers/scripts.h"

#include <cstdint>

#include "knowledge/script.h"

namespace moat::answers {
namespace {

std::size_t length_of(unsigned char head) {
    if (head < 0x80) return 1;
    if (head >= 0xC2 && head < 0xE0) return 2;
    if (head >= 0xE0 && head < 0xF0) return 3;
    if (head >= 0xF0 && head < 0xF5) return 4;
    return 0;
}

std::uint32_t code_at(std::string_view text, std::size_t at, std::size_t bytes) {
    const auto head = static_cast<unsigned char>(text[at]);
    if (bytes == 1) return head;
    std::uint32_t code = head & (0xFFU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i)
        code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    return code;
}

bool is_cjk(std::uint32_t code) {
    return (code >= 0x3040 && code <= 0x30FF) || (code >= 0x3400 && code <= 0x9FFF) ||
           (code >= 0xAC00 && code <= 0xD7AF) || (code >= 0xF900 && code <= 0xFAFF) ||
           (code >= 0x20000 && code <= 0x3FFFF);
}

bool is_word(std::uint32_t code) {
    const std::uint32_t lower = code | 0x20;
    if (code < 0x80) return (lower >= 'a' && lower <= 'z') || (code >= '0' && code <= '9');
    // Letters of European and Near Eastern scripts, without their punctuation blocks.
    return (code >= 0xC0 && code < 0x2000 && code != 0xD7 && code != 0xF7);
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
    const std::size_t bytes = length_of(static_cast<unsigned char>(text[at]));
    if (bytes == 0 || at + bytes > text.size()) return {};
    const std::uint32_t code = code_at(text, at, bytes);
    const bool cjk = is_cjk(code);
    return {.bytes = bytes, .cjk = cjk, .word = !cjk && is_word(code)};
}

Language language_of(std::string_view question) {
    return knowledge::is_mostly_cjk(question) ? Language::chinese : Language::english;
}

std::size_t estimate_tokens(std::string_view text) {
    std::size_t thirds = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        thirds += c.cjk || !c.word ? 3 : 1;
        at += c.bytes;
    }
    // Spaces join the word after them in most tokenizers, punctuation does not.
    std::size_t spaces = 0;
    for (const char c : text)
        spaces += c == ' ' ? 1U : 0U;
    return (thirds - 3 * spaces) / 3 + spaces / 2 + 4;
}

}  // namespace moat::answers
