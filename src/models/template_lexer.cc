#include "models/template_lexer.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "models/utf8.h"

namespace moat::models::templates {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_space(char c) {
    return kSpace.contains(c);
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
// Letters beyond ASCII may stand in names, as in Go.
bool is_name_character(char c) {
    return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
}

std::string_view trim_left(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(kSpace), text.size()));
}
std::string_view trim_right(std::string_view text) {
    const auto last = text.find_last_not_of(kSpace);
    return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Result<std::vector<Token>> run() {
        while (position_ < text_.size()) {
            lex_text();
            if (position_ == text_.size()) break;
            TRY(lex_action());
        }
        add(TokenKind::end, "");
        return std::move(tokens_);
    }

  private:
    std::string_view rest() const { return text_.substr(position_); }
    bool at(std::string_view what) const { return rest().starts_with(what); }

    void advance(std::size_t count) {
        const auto passed = text_.substr(position_, count);
        line_ += static_cast<int>(std::ranges::count(passed, '\n'));
        position_ += passed.size();
    }

    void add(TokenKind kind, std::string text) {
        tokens_.push_back({kind, std::move(text), line_, after_space_});
        after_space_ = false;
    }

    Error fail(std::string_view message) const { return template_error(line_, message); }

    // Up to the next action; a trim marker on either side takes the white space there.
    void lex_text() {
        const auto open = std::min(rest().find("{{"), rest().size());
        std::string_view text = rest().substr(0, open);
        const bool trims = opens_trimmed(rest().substr(open));
        if (trim_next_) text = trim_left(text);
        if (trims) text = trim_right(text);
        trim_next_ = false;
        if (!text.empty()) add(TokenKind::text, std::string(text));
        advance(open);
    }

    static bool opens_trimmed(std::string_view action) {
        return action.starts_with("{{-") && action.size() > 3 && is_space(action[3]);
    }

    Status lex_action() {
        after_space_ = false;
        const std::size_t marker = opens_trimmed(rest()) ? 4 : 2;
        if (text_.substr(position_ + marker).starts_with("/*")) {
            advance(marker);
            return skip_comment();
        }
        add(TokenKind::open, "{{");
        advance(marker);
        parens_ = 0;
        for (;;) {
            TRY_ASSIGN(const bool closed, lex_close());
            if (closed) return Ok{};
            TRY(lex_item());
        }
    }

    Status skip_comment() {
        const auto end = rest().find("*/");
        if (end == std::string_view::npos) return fail("unclosed comment");
        advance(end + 2);
        const bool trims = closes_trimmed();
        if (!trims && !at("}}")) return fail("comment ends before closing delimiter");
        advance(trims ? 4 : 2);
        trim_next_ = trims;
        return Ok{};
    }

    bool closes_trimmed() const {
        return !rest().empty() && is_space(rest()[0]) && rest().substr(1).starts_with("-}}");
    }

    Result<bool> lex_close() {
        const bool trims = closes_trimmed();
        if (!trims && !at("}}")) return false;
        if (parens_ > 0) return fail("unclosed left paren");
        add(TokenKind::close, "}}");
        advance(trims ? 4 : 2);
        trim_next_ = trims;
        return true;
    }

    Status lex_item() {
        if (rest().empty()) return fail("unclosed action");
        const char c = rest().front();
        if (is_space(c)) return skip_spaces();
        if (c == '"') return lex_quoted();
        if (c == '`') return lex_raw();
        if (c == '\'') return lex_character();
        if (c == '.' && rest().size() > 1 && is_name_character(rest()[1]) && !is_digit(rest()[1]))
            return lex_name(TokenKind::field, 1);
        if (c == '$') return lex_name(TokenKind::variable, 0);
        if (starts_number()) return lex_number();
        if (is_name_character(c)) return lex_name(TokenKind::identifier, 0);
        return lex_mark(c);
    }

    Status skip_spaces() {
        while (!rest().empty() && is_space(rest().front()) && !closes_trimmed())
            advance(1);
        after_space_ = true;
        return Ok{};
    }

    Status lex_name(TokenKind kind, std::size_t prefix) {
        std::size_t length = 1;
        while (length < rest().size() && is_name_character(rest()[length]))
            ++length;
        add(kind, std::string(rest().substr(prefix, length - prefix)));
        advance(length);
        return Ok{};
    }

    bool starts_number() const {
        const std::string_view text = rest();
        const char c = text.front();
        if (is_digit(c)) return true;
        return (c == '+' || c == '-' || c == '.') && text.size() > 1 &&
               (is_digit(text[1]) || (c != '.' && text[1] == '.'));
    }

    Status lex_number() {
        std::size_t length = 1;
        while (length < rest().size()) {
            const char c = rest()[length];
            const char before = rest()[length - 1];
            const bool sign = (c == '+' || c == '-') && (before == 'e' || before == 'E');
            if (!is_name_character(c) && c != '.' && !sign) break;
            ++length;
        }
        add(TokenKind::number, std::string(rest().substr(0, length)));
        advance(length);
        return Ok{};
    }

    Status lex_mark(char c) {
        if (at(":=")) {
            add(TokenKind::declare, ":=");
            advance(2);
            return Ok{};
        }
        switch (c) {
            case '.':
                add(TokenKind::dot, ".");
                break;
            case '=':
                add(TokenKind::assign, "=");
                break;
            case '|':
                add(TokenKind::pipe, "|");
                break;
            case ',':
                add(TokenKind::comma, ",");
                break;
            case '(':
                add(TokenKind::left_paren, "(");
                ++parens_;
                break;
            case ')':
                add(TokenKind::right_paren, ")");
                if (--parens_ < 0) return fail("unexpected right paren");
                break;
            default:
                return fail(fmt::format("unexpected {:?} in action", std::string_view(&c, 1)));
        }
        advance(1);
        return Ok{};
    }

    Status lex_raw() {
        const auto end = rest().find('`', 1);
        if (end == std::string_view::npos) return fail("unterminated raw quoted string");
        add(TokenKind::string, std::string(rest().substr(1, end - 1)));
        advance(end + 1);
        return Ok{};
    }

    Status lex_quoted() {
        const std::string_view all = rest();
        std::size_t at = 1;
        std::string out;
        while (at < all.size() && all[at] != '"' && all[at] != '\n') {
            if (all[at] != '\\') {
                out += all[at++];
                continue;
            }
            TRY_ASSIGN(const std::size_t length, decode_escape(all.substr(at), '"', out));
            at += length;
        }
        if (at >= all.size() || all[at] != '"') return fail("unterminated quoted string");
        add(TokenKind::string, std::move(out));
        advance(at + 1);
        return Ok{};
    }

    Status lex_character() {
        const auto end = rest().find('\'', rest().starts_with("'\\") ? 3 : 1);
        if (end == std::string_view::npos) return fail("unterminated character constant");
        std::string decoded;
        const std::string_view inner = rest().substr(1, end - 1);
        if (inner.starts_with('\\')) {
            TRY(decode_escape(inner, '\'', decoded));
        } else {
            decoded = std::string(inner);
        }
        const auto points = decode_utf8(decoded);
        if (points.size() != 1)
            return fail(fmt::format("malformed character constant: '{}'", inner));
        add(TokenKind::character, fmt::format("{}", static_cast<std::uint32_t>(points[0])));
        advance(end + 1);
        return Ok{};
    }

    // Appends what the escape at the front of `text` stands for; returns its length.
    Result<std::size_t> decode_escape(std::string_view text, char quote, std::string& out) const {
        if (text.size() < 2) return fail("unterminated quoted string");
        const char kind = text[1];
        constexpr std::string_view kNames = "abfnrtv\\";
        constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";
        if (const auto i = kNames.find(kind); i != std::string_view::npos) {
            out += kMeanings[i];
            return std::size_t{2};
        }
        if (kind == quote) {
            out += quote;
            return std::size_t{2};
        }
        if (kind >= '0' && kind <= '7') return decode_digits(text.substr(1), 3, 8, true, 1, out);
        if (kind == 'x') return decode_digits(text.substr(2), 2, 16, true, 2, out);
        if (kind == 'u') return decode_digits(text.substr(2), 4, 16, false, 2, out);
        if (kind == 'U') return decode_digits(text.substr(2), 8, 16, false, 2, out);
        return fail("invalid syntax");
    }

    Result<std::size_t> decode_digits(
        std::string_view text,
        std::size_t count,
        int base,
        bool byte,
        std::size_t skipped,
        std::string& out
    ) const {
        std::uint32_t number = 0;
        const auto digits = text.substr(0, count);
        const auto end =
            std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
        const bool whole = digits.size() == count && end.ptr == digits.data() + count;
        if (!whole || (byte && number > 255) || (!byte && !is_code_point(number)))
            return fail("invalid syntax");
        if (byte) {
            out += static_cast<char>(number);
        } else {
            append_utf8(out, number);
        }
        return skipped + count;
    }

    std::string_view text_;
    std::size_t position_ = 0;
    int line_ = 1;
    int parens_ = 0;
    bool trim_next_ = false;
    bool after_space_ = false;
    std::vector<Token> tokens_;
};

}  // namespace

Error template_error(int line, std::string_view message) {
    return Error{ErrorCode::invalid_argument, fmt::format("template: :{}: {}", line, message)};
}

Result<std::vector<Token>> lex_template(std::string_view text) {
    return Lexer(text).run();
}

}  // namespace moat::models::templates
