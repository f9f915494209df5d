#include "documents/page/right_to_left.h"

#include <algorithm>
#include <vector>

#include "documents/characters.h"

namespace moat::documents {
namespace {

bool is_digit(char32_t c) {
    return (c >= '0' && c <= '9') || (c >= 0x660 && c <= 0x669) || (c >= 0x6F0 && c <= 0x6F9);
}

// Written from left to right inside any line: letters of other scripts, digits.
bool is_left_to_right(char32_t c) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return is_digit(c) || letter || (c >= 0xC0 && c < 0x590) ||
           (c >= 0x900 && !is_right_to_left(c));
}

// Stands between two numbers or two words without ending the run.
bool joins_left_to_right(char32_t c) {
    return c == '.' || c == ',' || c == ':' || c == '-' || c == '/' || c == '_' || c == '@' ||
           c == '\'' || c == '+' || c == ' ';
}

char32_t mirrored(char32_t c) {
    constexpr std::u32string_view kPairs = U"()[]{}<>«»‹›";
    const std::size_t at = kPairs.find(c);
    return at == std::u32string_view::npos ? c : kPairs[at ^ 1U];
}

// Turns round the runs that read against the line, digits and neutral characters between two of
// their letters included.
template <class InRun, class Joins>
void reverse_runs(std::vector<char32_t>& characters, InRun in_run, Joins joins) {
    for (std::size_t i = 0; i < characters.size();) {
        if (!in_run(characters[i])) {
            ++i;
            continue;
        }
        std::size_t end = i + 1;
        for (std::size_t j = end; j < characters.size(); ++j) {
            if (in_run(characters[j])) {
                end = j + 1;
            } else if (!joins(characters[j])) {
                break;
            }
        }
        std::reverse(
            characters.begin() + static_cast<std::ptrdiff_t>(i),
            characters.begin() + static_cast<std::ptrdiff_t>(end)
        );
        i = end;
    }
}

}  // namespace

std::string logical_order(std::string_view visual) {
    std::vector<char32_t> characters;
    std::ptrdiff_t balance = 0;  // letters of right-to-left scripts less those of others
    bool any = false;
    for (std::size_t at = 0; at < visual.size();) {
        const char32_t c = next_character(visual, at);
        characters.push_back(c);
        any = any || is_right_to_left(c);
        if (!is_digit(c)) balance += is_right_to_left(c) ? 1 : is_left_to_right(c) ? -1 : 0;
    }
    if (!any) return std::string(visual);
    if (balance >= 0) {
        std::ranges::reverse(characters);
        std::ranges::transform(characters, characters.begin(), mirrored);
        reverse_runs(characters, is_left_to_right, joins_left_to_right);
    } else {
        reverse_runs(characters, is_right_to_left, [](char32_t c) {
            return c == ' ' || extends_character(c);
        });
    }
    std::string out;
    for (const char32_t c : characters)
        append_character(out, c);
    return out;
}

}  // namespace moat::documents
