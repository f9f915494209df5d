#include "api/weaviate/graphql_lexer.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace moat::api::weaviate {
namespace {

using Kind = GraphqlToken::Kind;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xC0 | (code >> 6));
    } else if (code < 0x10000) {
        put(0xE0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3F));
    } else {
        put(0xF0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3F));
        put(0x80 | ((code >> 6) & 0x3F));
    }
    put(0x80 | (code & 0x3F));
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kTripleQuote = "\"\"\"";

}  // namespace

Error GraphqlLexer::error(std::string_view what) const {
    return Error{
        ErrorCode::invalid_argument, fmt::format("Syntax Error GraphQL (line {}): {}", line_, what)
    };
}

void GraphqlLexer::skip_ignored() {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c == '#') {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (c == ' ' || c == '\t' || c == '\r' || c == ',' || c == '\n') {
            if (c == '\n') ++line_;
            ++at_;
        } else if (text_.substr(at_).starts_with(kByteOrderMark)) {
            at_ += kByteOrderMark.size();
        } else {
            return;
        }
    }
}

Result<GraphqlToken> GraphqlLexer::next() {
    skip_ignored();
    GraphqlToken token{.kind = Kind::end, .text = {}, .line = line_};
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    if (is_name_start(c)) {
        const std::size_t begin = at_;
        while (at_ < text_.size() && (is_name_start(text_[at_]) || is_digit(text_[at_])))
            ++at_;
        token.kind = Kind::name;
        token.text = text_.substr(begin, at_ - begin);
        return token;
    }
    if (is_digit(c) || c == '-') return number();
    if (c == '"') return text_.substr(at_).starts_with(kTripleQuote) ? block() : quoted();
    token.kind = Kind::punctuation;
    if (text_.substr(at_).starts_with("...")) {
        token.text = "...";
    } else if (std::string_view("{}()[]:!=$@|&").contains(c)) {
        token.text = c;
    } else {
        return error("unexpected character");
    }
    at_ += token.text.size();
    return token;
}

Result<GraphqlToken> GraphqlLexer::number() {
    GraphqlToken token{.kind = Kind::integer, .text = {}, .line = line_};
    const std::size_t begin = at_;
    if (text_[at_] == '-') ++at_;
    while (at_ < text_.size() &&
           (is_digit(text_[at_]) || std::string_view(".eE+-").contains(text_[at_]))) {
        if (!is_digit(text_[at_])) token.kind = Kind::decimal;
        ++at_;
    }
    token.text = text_.substr(begin, at_ - begin);
    double value = 0;
    const char* end = token.text.data() + token.text.size();
    const auto read = std::from_chars(token.text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end) return error("not a number");
    return token;
}

bool GraphqlLexer::hex4(std::uint32_t& out) {
    if (text_.size() - at_ < 4) return false;
    const char* end = text_.data() + at_ + 4;
    const auto read = std::from_chars(text_.data() + at_, end, out, 16);
    if (read.ec != std::errc() || read.ptr != end) return false;
    at_ += 4;
    return true;
}

// After the backslash.
Status GraphqlLexer::escape(std::string& out) {
    if (at_ == text_.size()) return error("the string does not end");
    const char c = text_[at_++];
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (const std::size_t which = kNames.find(c); which != std::string_view::npos) {
        out += kMeanings[which];
        return Ok{};
    }
    std::uint32_t code = 0;
    if (c != 'u' || !hex4(code)) {
        out += '\\';
        --at_;  // the character is read again, as itself
        return Ok{};
    }
    constexpr std::uint32_t kReplacement = 0xFFFD;
    if (code >= 0xD800 && code < 0xDC00) {
        const std::size_t before = at_;
        std::uint32_t low = 0;
        const bool second = text_.substr(at_).starts_with("\\u");
        if (second) at_ += 2;
        if (second && hex4(low) && low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        } else {
            at_ = before;
            code = kReplacement;
        }
    } else if (code >= 0xDC00 && code < 0xE000) {
        code = kReplacement;
    }
    append_utf8(out, code);
    return Ok{};
}

Result<GraphqlToken> GraphqlLexer::quoted() {
    GraphqlToken token{.kind = Kind::string, .text = {}, .line = line_};
    ++at_;
    while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (c == '"') return token;
        if (c == '\n') ++line_;
        if (c == '\\')
            TRY(escape(token.text));
        else
            token.text += c;
    }
    return error("the string does not end");
}

// Kept as it is between the quotes, but for an escaped triple quote.
Result<GraphqlToken> GraphqlLexer::block() {
    GraphqlToken token{.kind = Kind::string, .text = {}, .line = line_};
    at_ += kTripleQuote.size();
    while (at_ < text_.size()) {
        const std::string_view rest = text_.substr(at_);
        if (rest.starts_with(kTripleQuote)) {
            at_ += kTripleQuote.size();
            return token;
        }
        const bool escaped = rest.front() == '\\' && rest.substr(1).starts_with(kTripleQuote);
        if (rest.front() == '\n') ++line_;
        token.text += escaped ? kTripleQuote : rest.substr(0, 1);
        at_ += escaped ? 1 + kTripleQuote.size() : 1;
    }
    return error("the string does not end");
}

}  // namespace moat::api::weaviate
