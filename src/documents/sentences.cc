#include <algorithm>
#include <array>
#include <vector>

#include "documents/characters.h"
#include "documents/chunker.h"

// Sentence ends. A line end always ends one: parsers keep a line end only where the author meant
// it. A CJK stop (。！？；…) ends one together with the closing quotes and brackets behind it. A
// Latin stop needs white space after it and must not belong to an abbreviation, an initial or a
// list number.
namespace moat::documents {
namespace {

// Words before a stop that is no end, in lower case and without inner stops, sorted.
constexpr std::array kAbbreviations = std::to_array<std::string_view>({
    "al",   "approx", "ave", "bros",   "ca",   "cf",  "co",  "col", "corp", "dept",
    "dr",   "ed",     "eds", "eg",     "est",  "gen", "gov", "hon", "ie",   "inc",
    "incl", "jr",     "ltd", "messrs", "mr",   "mrs", "ms",  "mt",  "prof", "rev",
    "sen",  "sgt",    "sr",  "st",     "univ", "viz", "vs",
});

// The same, when a number follows: "Fig. 3", "no. 7", "Jan. 5".
constexpr std::array kBeforeNumbers = std::to_array<std::string_view>({
    "apr", "art", "aug", "ch",   "dec", "eq",   "eqs", "feb", "fig", "figs", "jan",
    "jul", "jun", "mar", "no",   "nos", "nov",  "oct", "op",  "p",   "par",  "para",
    "pp",  "ref", "sec", "sect", "sep", "sept", "tab", "tel", "ver", "vol",  "vols",
});

bool is_cjk_stop(char32_t c) {
    return c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0xFF1B || c == 0x2026 || c == 0xFF61;
}

bool is_latin_stop(char32_t c) {
    return c == '.' || c == '!' || c == '?' || c == 0x61F || c == 0x6D4 || c == 0x964;
}

bool is_closing(char32_t c) {
    return c == '"' || c == '\'' || c == ')' || c == ']' || c == '}' || c == 0x2019 ||
           c == 0x201D || c == 0xBB || c == 0x300B || c == 0x300D || c == 0x300F || c == 0x3011 ||
           c == 0x3015 || c == 0xFF09 || c == 0xFF02 || c == 0xFF07;
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 128;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// The word that ends at the stop, with its inner stops taken out: "U.S" -> "us".
std::string word_before(std::string_view text, std::size_t stop) {
    std::size_t begin = stop;
    while (begin > 0 && (is_letter(text[begin - 1]) || text[begin - 1] == '.'))
        --begin;
    std::string word = lower_ascii(text.substr(begin, std::min<std::size_t>(stop - begin, 32)));
    std::erase(word, '.');
    return word;
}

bool ends_abbreviation(std::string_view text, std::size_t stop, char32_t next) {
    if (stop == 0) return false;
    if (is_digit(text[stop - 1])) {
        // "1. First item": a number that begins the sentence.
        const std::size_t digits = text.substr(0, stop).find_last_not_of("0123456789");
        return digits == std::string_view::npos;
    }
    const std::string word = word_before(text, stop);
    const bool initial = word.size() == 1 && is_letter(word[0]);
    const bool dotted = stop >= 2 && text[stop - 2] == '.';
    if (initial || dotted || std::ranges::binary_search(kAbbreviations, word)) return true;
    return next >= '0' && next <= '9' && std::ranges::binary_search(kBeforeNumbers, word);
}

// Where the closing quotes, brackets and further stops after `at` end.
std::size_t skip_closing(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        std::size_t next = at;
        const char32_t c = next_character(text, next);
        if (!is_closing(c) && !is_cjk_stop(c) && !is_latin_stop(c)) break;
        at = next;
    }
    return at;
}

// Does a sentence end at the Latin stop whose first character is at `stop`, all closing
// characters ending at `end`?
bool ends_latin_sentence(std::string_view text, std::size_t stop, std::size_t end) {
    if (end >= text.size()) return true;
    std::size_t at = end;
    char32_t next = next_character(text, at);
    if (is_cjk(next)) return text[stop] != '.' || !is_digit(text[stop == 0 ? 0 : stop - 1]);
    if (!is_space(next)) return false;
    while (at < text.size() && is_space(next))
        next = next_character(text, at);
    if (next >= 'a' && next <= 'z' && text[stop] == '.') return false;
    return text[stop] != '.' || !ends_abbreviation(text, stop, next);
}

void push_trimmed(std::vector<std::string_view>& out, std::string_view sentence) {
    sentence = trim(sentence);
    if (!sentence.empty()) out.push_back(sentence);
}

}  // namespace

std::vector<std::string_view> split_sentences(std::string_view text) {
    std::vector<std::string_view> out;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t stop = at;
        const char32_t c = next_character(text, at);
        bool ends = c == '\n';
        if (is_cjk_stop(c)) {
            at = skip_closing(text, at);
            ends = true;
        } else if (is_latin_stop(c)) {
            at = skip_closing(text, at);
            ends = ends_latin_sentence(text.substr(begin), stop - begin, at - begin);
        }
        if (!ends) continue;
        push_trimmed(out, text.substr(begin, at - begin));
        begin = at;
    }
    push_trimmed(out, text.substr(begin));
    return out;
}

}  // namespace moat::documents
