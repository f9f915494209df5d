#include "api/request/go_json.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "base/bytes.h"

namespace moat::api {
namespace {

constexpr int kMaxDepth = 200;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

void append_code_point(std::string& out, std::uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
        return;
    }
    if (c < 0x800) {
        out += static_cast<char>(0xC0 | (c >> 6));
    } else {
        if (c < 0x10000) {
            out += static_cast<char>(0xE0 | (c >> 12));
        } else {
            out += static_cast<char>(0xF0 | (c >> 18));
            out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
        }
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    }
    out += static_cast<char>(0x80 | (c & 0x3F));
}

// 'x' as Go's scanner shows one byte.
std::string shown(char c) {
    if (c == '\'') return R"('\'')";
    if (c == '"') return R"('"')";
    constexpr std::string_view kSpecial = "\a\b\f\n\r\t\v\\";
    constexpr std::string_view kNames = "abfnrtv\\";
    if (const auto i = kSpecial.find(c); i != std::string_view::npos && c != '\0')
        return fmt::format("'\\{}'", kNames[i]);
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return fmt::format("'\\x{:02x}'", byte);
    if (byte >= 0x80 && byte < 0xA0) return fmt::format("'\\u{:04x}'", byte);
    std::string text;
    append_code_point(text, byte);
    return fmt::format("'{}'", text);
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    Result<json::Value> run() {
        skip_space();
        if (at_end()) return wrong("missing request body");
        return read_value();
    }

  private:
    static Error wrong(std::string message) {
        return Error{ErrorCode::invalid_argument, std::move(message)};
    }
    bool at_end() const { return position_ == text_.size(); }
    char peek() const { return text_[position_]; }
    void skip_space() {
        while (!at_end() && is_space(peek()))
            ++position_;
    }
    // Why the character here cannot stand here.
    Error unexpected(std::string_view where) const {
        if (at_end()) return wrong("unexpected EOF");
        return wrong(fmt::format("invalid character {} {}", shown(peek()), where));
    }

    Result<json::Value> read_value() {
        skip_space();
        if (at_end()) return unexpected("");
        switch (peek()) {
            case '{':
                return nested([this] { return read_object(); });
            case '[':
                return nested([this] { return read_array(); });
            case '"': {
                TRY_ASSIGN(const std::string text, read_string());
                return json::Value(json::String(text));
            }
            case 't':
                return read_word("true", true);
            case 'f':
                return read_word("false", false);
            case 'n':
                return read_word("null", nullptr);
            default:
                if (peek() == '-' || is_digit(peek())) return read_number();
                return unexpected("looking for beginning of value");
        }
    }

    template <class Read>
    Result<json::Value> nested(Read read) {
        if (depth_ == kMaxDepth) return wrong("exceeded max depth");
        ++depth_;
        ++position_;
        auto value = read();
        --depth_;
        return value;
    }

    Result<json::Value> read_object() {
        json::Object out;
        skip_space();
        if (!at_end() && peek() == '}') {
            ++position_;
            return json::Value(std::move(out));
        }
        for (;;) {
            skip_space();
            if (at_end() || peek() != '"')
                return unexpected("looking for beginning of object key string");
            TRY_ASSIGN(const std::string key, read_string());
            skip_space();
            if (at_end() || peek() != ':') return unexpected("after object key");
            ++position_;
            TRY_ASSIGN(auto value, read_value());
            // The last of repeated keys wins, and stands last.
            out.erase(key);
            out.emplace(key, std::move(value));
            skip_space();
            if (!at_end() && peek() == '}') break;
            if (at_end() || peek() != ',') return unexpected("after object key:value pair");
            ++position_;
        }
        ++position_;
        return json::Value(std::move(out));
    }

    Result<json::Value> read_array() {
        json::Array out;
        skip_space();
        if (!at_end() && peek() == ']') {
            ++position_;
            return json::Value(std::move(out));
        }
        for (;;) {
            TRY_ASSIGN(auto value, read_value());
            out.push_back(std::move(value));
            skip_space();
            if (!at_end() && peek() == ']') break;
            if (at_end() || peek() != ',') return unexpected("after array element");
            ++position_;
        }
        ++position_;
        return json::Value(std::move(out));
    }

    Result<json::Value> read_word(std::string_view word, json::Value value) {
        for (const char c : word) {
            if (at_end() || peek() != c)
                return unexpected(fmt::format("in literal {} (expecting '{}')", word, c));
            ++position_;
        }
        return value;
    }

    Status take_digits(std::string_view where) {
        if (at_end() || !is_digit(peek())) return unexpected(where);
        while (!at_end() && is_digit(peek()))
            ++position_;
        return Ok{};
    }

    Result<json::Value> read_number() {
        const std::size_t start = position_;
        bool whole = true;
        if (peek() == '-') ++position_;
        if (!at_end() && peek() == '0') {
            ++position_;
        } else {
            TRY(take_digits("in numeric literal"));
        }
        if (!at_end() && peek() == '.') {
            whole = false;
            ++position_;
            TRY(take_digits("after decimal point in numeric literal"));
        }
        if (!at_end() && (peek() == 'e' || peek() == 'E')) {
            whole = false;
            ++position_;
            if (!at_end() && (peek() == '+' || peek() == '-')) ++position_;
            TRY(take_digits("in exponent of numeric literal"));
        }
        return number_from(text_.substr(start, position_ - start), whole);
    }

    static Result<json::Value> number_from(std::string_view digits, bool whole) {
        const char* const begin = digits.data();
        const char* const end = begin + digits.size();
        std::int64_t small = 0;
        if (whole && std::from_chars(begin, end, small).ec == std::errc())
            return json::Value(small);
        std::uint64_t large = 0;
        if (whole && std::from_chars(begin, end, large).ec == std::errc())
            return json::Value(large);
        double real = 0;
        if (std::from_chars(begin, end, real).ec != std::errc() && !is_tiny(digits))
            return wrong(fmt::format(
                "json: cannot unmarshal number {} into Go value of type float64", digits
            ));
        return json::Value(real);
    }

    // from_chars() reports numbers too near to zero as it does those too large.
    static bool is_tiny(std::string_view digits) {
        const auto exponent = digits.find_first_of("eE");
        return exponent != std::string_view::npos && digits.substr(exponent + 1).starts_with('-');
    }

    Result<std::string> read_string() {
        ++position_;
        std::string out;
        const std::size_t start = position_;
        for (;;) {
            if (at_end()) return unexpected("");
            const char c = peek();
            if (c == '"') break;
            if (static_cast<unsigned char>(c) < 0x20) return unexpected("in string literal");
            if (c == '\\') {
                TRY(read_escape(out));
            } else {
                out += c;
                ++position_;
            }
        }
        const bool escaped = position_ - start != out.size();
        ++position_;
        if (!escaped && is_utf8(out)) return out;
        return to_valid_utf8(out);
    }

    Status read_escape(std::string& out) {
        ++position_;
        if (at_end()) return unexpected("");
        constexpr std::string_view kNames = "\"\\/bfnrt";
        constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
        if (const auto i = kNames.find(peek()); i != std::string_view::npos) {
            out += kMeanings[i];
            ++position_;
            return Ok{};
        }
        if (peek() != 'u') return unexpected("in string escape code");
        ++position_;
        TRY_ASSIGN(std::uint32_t c, read_hex());
        if (c >= 0xD800 && c < 0xDC00) {
            TRY_ASSIGN(c, join_surrogate(c));
        } else if (c >= 0xDC00 && c < 0xE000) {
            c = 0xFFFD;
        }
        append_code_point(out, c);
        return Ok{};
    }

    // The second half must follow at once; what else follows is read for itself.
    Result<std::uint32_t> join_surrogate(std::uint32_t high) {
        if (!text_.substr(position_).starts_with("\\u")) return std::uint32_t{0xFFFD};
        const std::size_t before = position_;
        position_ += 2;
        TRY_ASSIGN(const std::uint32_t low, read_hex());
        if (low >= 0xDC00 && low < 0xE000)
            return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        position_ = before;
        return std::uint32_t{0xFFFD};
    }

    Result<std::uint32_t> read_hex() {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i, ++position_) {
            if (at_end()) return unexpected("");
            const char c = peek();
            const char lower = static_cast<char>(c | 0x20);
            const bool letter = lower >= 'a' && lower <= 'f';
            if (!is_digit(c) && !letter) return unexpected("in \\u hexadecimal character escape");
            value = value << 4 | static_cast<std::uint32_t>(letter ? lower - 'a' + 10 : c - '0');
        }
        return value;
    }

    std::string_view text_;
    std::size_t position_ = 0;
    int depth_ = 0;
};

}  // namespace

Result<json::Value> read_go_json(std::string_view body) {
    return Reader(body).run();
}

}  // namespace moat::api
