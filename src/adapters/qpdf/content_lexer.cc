#include "adapters/qpdf/content_lexer.h"

#include <algorithm>
#include <charconv>

namespace moat::adapters {
namespace {

using Kind = ContentToken::Kind;

bool is_white(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0';
}

bool is_delimiter(char c) {
    return c == '(' || c == ')' || c == '<' || c == '>' || c == '[' || c == ']' || c == '{' ||
           c == '}' || c == '/' || c == '%';
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Content streams write "+3", ".5", "4.", "--7"; none write exponents.
bool parse_number(std::string_view text, double& number) {
    bool negative = false;
    while (!text.empty() && (text.front() == '+' || text.front() == '-')) {
        negative = negative || text.front() == '-';
        text.remove_prefix(1);
    }
    if (text.empty() || text == ".") return false;
    const bool digits = std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
    if (!digits || text.front() == '-') return false;
    const auto read =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (read.ec != std::errc{}) return false;
    if (negative) number = -number;
    return true;
}

}  // namespace

void ContentLexer::skip_white() {
    while (at_ < bytes_.size()) {
        if (is_white(bytes_[at_])) {
            ++at_;
        } else if (bytes_[at_] == '%') {
            at_ = std::min(bytes_.find_first_of("\r\n", at_), bytes_.size());
        } else {
            return;
        }
    }
}

bool ContentLexer::next(ContentToken& token) {
    token.text.clear();
    token.number = 0;
    while (true) {
        skip_white();
        if (at_ >= bytes_.size()) {
            token.kind = Kind::end;
            return false;
        }
        switch (bytes_[at_]) {
            case '/':
                read_name(token);
                return true;
            case '(':
                read_literal(token);
                return true;
            case '[':
                ++at_;
                token.kind = Kind::array_begin;
                return true;
            case ']':
                ++at_;
                token.kind = Kind::array_end;
                return true;
            case '<':
                if (bytes_.substr(at_, 2) == "<<") {
                    read_dictionary(token);
                } else {
                    read_hex(token);
                }
                return true;
            case '>':
            case ')':
            case '{':
            case '}':
                ++at_;  // out of place
                continue;
            default:
                read_number_or_keyword(token);
                if (token.kind == Kind::keyword && token.text == "BI") {
                    skip_inline_image();
                    token.text.clear();
                    continue;
                }
                return true;
        }
    }
}

void ContentLexer::read_number_or_keyword(ContentToken& token) {
    const std::size_t begin = at_;
    while (at_ < bytes_.size() && !is_white(bytes_[at_]) && !is_delimiter(bytes_[at_]))
        ++at_;
    const std::string_view text = bytes_.substr(begin, at_ - begin);
    if (parse_number(text, token.number)) {
        token.kind = Kind::number;
    } else {
        token.kind = Kind::keyword;
        token.text = text;
    }
}

void ContentLexer::read_name(ContentToken& token) {
    token.kind = Kind::name;
    ++at_;
    while (at_ < bytes_.size() && !is_white(bytes_[at_]) && !is_delimiter(bytes_[at_])) {
        const bool escape = bytes_[at_] == '#' && at_ + 2 < bytes_.size() &&
                            hex_value(bytes_[at_ + 1]) >= 0 && hex_value(bytes_[at_ + 2]) >= 0;
        if (escape) {
            token.text +=
                static_cast<char>(hex_value(bytes_[at_ + 1]) * 16 + hex_value(bytes_[at_ + 2]));
            at_ += 3;
        } else {
            token.text += bytes_[at_++];
        }
    }
}

void ContentLexer::read_literal(ContentToken& token) {
    token.kind = Kind::string;
    ++at_;
    int depth = 1;
    while (at_ < bytes_.size()) {
        const char c = bytes_[at_++];
        if (c == '\\') {
            read_escape(token.text);
            continue;
        }
        if (c == '(') ++depth;
        if (c == ')' && --depth == 0) return;
        token.text += c;
    }
}

void ContentLexer::read_escape(std::string& out) {
    if (at_ >= bytes_.size()) return;
    const char c = bytes_[at_++];
    switch (c) {
        case 'n':
            out += '\n';
            return;
        case 'r':
            out += '\r';
            return;
        case 't':
            out += '\t';
            return;
        case 'b':
            out += '\b';
            return;
        case 'f':
            out += '\f';
            return;
        case '\r':
            if (at_ < bytes_.size() && bytes_[at_] == '\n') ++at_;
            return;
        case '\n':
            return;
        default:
            break;
    }
    if (c < '0' || c > '7') {
        out += c;
        return;
    }
    int value = c - '0';
    for (int i = 0; i < 2 && at_ < bytes_.size(); ++i) {
        if (bytes_[at_] < '0' || bytes_[at_] > '7') break;
        value = value * 8 + (bytes_[at_++] - '0');
    }
    out += static_cast<char>(value & 0xFF);
}

void ContentLexer::read_hex(ContentToken& token) {
    token.kind = Kind::string;
    ++at_;
    int pending = -1;
    while (at_ < bytes_.size() && bytes_[at_] != '>') {
        const int value = hex_value(bytes_[at_++]);
        if (value < 0) continue;
        if (pending < 0) {
            pending = value;
        } else {
            token.text += static_cast<char>(pending * 16 + value);
            pending = -1;
        }
    }
    if (pending >= 0) token.text += static_cast<char>(pending * 16);
    if (at_ < bytes_.size()) ++at_;
}

// Kept as source: only marked content looks into it, and seldom.
void ContentLexer::read_dictionary(ContentToken& token) {
    const std::size_t begin = at_;
    int depth = 0;
    ContentToken skipped;
    while (at_ < bytes_.size()) {
        if (bytes_.substr(at_, 2) == "<<") {
            ++depth;
            at_ += 2;
        } else if (bytes_.substr(at_, 2) == ">>") {
            at_ += 2;
            if (--depth == 0) break;
        } else if (bytes_[at_] == '(') {
            skipped.text.clear();
            read_literal(skipped);
        } else {
            ++at_;
        }
    }
    token.kind = Kind::dictionary;
    token.text = bytes_.substr(begin, at_ - begin);
}

// Behind BI: up to an EI between white space that text may follow. Binary data may hold "EI" by
// chance; then some of the image is read as operators, which do no harm.
void ContentLexer::skip_inline_image() {
    while (true) {
        const std::size_t end = bytes_.find("EI", at_);
        if (end == std::string_view::npos) {
            at_ = bytes_.size();
            return;
        }
        at_ = end + 2;
        const bool before = end == 0 || is_white(bytes_[end - 1]);
        const bool behind = at_ >= bytes_.size() || is_white(bytes_[at_]);
        if (!before || !behind) continue;
        const std::string_view next = bytes_.substr(at_, 16);
        const bool plain = std::ranges::all_of(next, [](char c) {
            return is_white(c) || (c >= 0x20 && c < 0x7F);
        });
        if (plain) return;
    }
}

ContentToken dictionary_value(std::string_view dictionary, std::string_view key) {
    if (dictionary.starts_with("<<")) dictionary.remove_prefix(2);
    ContentLexer lexer(dictionary);
    ContentToken token;
    bool found = false;
    int depth = 0;
    while (lexer.next(token)) {
        if (token.kind == Kind::array_begin) ++depth;
        if (token.kind == Kind::array_end) --depth;
        if (found) return token;
        found = depth == 0 && token.kind == Kind::name && token.text == key;
    }
    return {};
}

}  // namespace moat::adapters
