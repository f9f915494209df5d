#include "answers/citations.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"

namespace moat::answers {
namespace {

constexpr std::size_t kLongestCitation = 32;
constexpr int kLongestRange = 20;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// May this character stand between the brackets of a citation?
bool may_stand_inside(std::string_view c) {
    if (c.size() == 1)
        return is_digit(c[0]) || c == " " || c == "," || c == ";" || c == "-" || c == "^";
    return c == "、" || c == "，" || c == "；" || c == "–";
}

struct Number {
    int value;
    bool range_before;
};

std::vector<Number> numbers_of(std::string_view text) {
    std::vector<Number> numbers;
    bool dash = false;
    for (std::size_t at = 0; at < text.size();) {
        if (!is_digit(text[at])) {
            dash = dash || text[at] == '-' || text.substr(at).starts_with("–");
            ++at;
            continue;
        }
        int value = 0;
        const char* begin = text.data() + at;
        const auto [end, failed] = std::from_chars(begin, text.data() + text.size(), value);
        if (failed != std::errc()) return {};
        numbers.push_back({value, dash && !numbers.empty()});
        at += static_cast<std::size_t>(end - begin);
        dash = false;
    }
    return numbers;
}

std::vector<int> expand(const std::vector<Number>& numbers, int count) {
    std::vector<int> values;
    const auto add = [&](int value) {
        const bool new_one = std::ranges::find(values, value) == values.end();
        if (value >= 1 && value <= count && new_one) values.push_back(value);
    };
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (numbers[i].range_before) {
            const int first = numbers[i - 1].value;
            const int last = std::min(numbers[i].value, first + kLongestRange);
            for (int value = first; value <= last; ++value)
                add(value);
        }
        add(numbers[i].value);
    }
    return values;
}

}  // namespace

std::string CitationFilter::push(std::string_view piece) {
    std::string out;
    std::string text = std::move(partial_);
    text += piece;
    partial_.clear();
    for (std::size_t at = 0; at < text.size();) {
        // A lead byte tells how long its character is; a cut one waits for its rest.
        const auto head = static_cast<unsigned char>(text[at]);
        const std::size_t bytes = head < 0xC0 ? 1 : head < 0xE0 ? 2 : head < 0xF0 ? 3 : 4;
        if (at + bytes > text.size()) {
            partial_ = text.substr(at);
            break;
        }
        take(std::string_view(text).substr(at, bytes), out);
        at += bytes;
    }
    return out;
}

void CitationFilter::take(std::string_view character, std::string& out) {
    if (character == "`") in_code_ = !in_code_;
    if (in_bracket_) {
        if (character == "]" || character == "】") return close(character, out);
        if (may_stand_inside(character) && waiting_.size() < opened_ + kLongestCitation) {
            waiting_ += character;
            return;
        }
        release(out);
    }
    if (!in_code_ && (character == "[" || character == "【")) {
        opened_ = waiting_.size();
        in_bracket_ = true;
        waiting_ += character;
    } else if (character == " ") {
        waiting_ += character;
    } else {
        release(out);
        out += character;
    }
}

void CitationFilter::close(std::string_view bracket, std::string& out) {
    const std::vector<Number> numbers = numbers_of(std::string_view(waiting_).substr(opened_));
    in_bracket_ = false;
    if (numbers.empty()) {  // "[]" and the like are no citation
        waiting_ += bracket;
        return release(out);
    }
    const std::vector<int> cited = expand(numbers, count_);
    if (!cited.empty()) out += waiting_.substr(0, opened_);
    waiting_.clear();
    for (const int index : cited) {
        out += '[' + std::to_string(index) + ']';
        if (std::ranges::find(citations_, index) == citations_.end()) citations_.push_back(index);
    }
}

void CitationFilter::release(std::string& out) {
    out += waiting_;
    waiting_.clear();
    in_bracket_ = false;
}

std::string CitationFilter::finish() {
    std::string out;
    release(out);
    out += to_valid_utf8(partial_);
    partial_.clear();
    return out;
}

std::vector<int> citations_in(std::string_view text) {
    std::vector<int> cited;
    for (std::size_t at = text.find('['); at != std::string_view::npos;
         at = text.find('[', at + 1)) {
        int value = 0;
        const char* end = text.data() + text.size();
        const auto [rest, failed] = std::from_chars(text.data() + at + 1, end, value);
        const bool closed = failed == std::errc() && rest != end && *rest == ']';
        if (closed && std::ranges::find(cited, value) == cited.end()) cited.push_back(value);
    }
    return cited;
}

}  // namespace moat::answers
