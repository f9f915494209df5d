// Reads GBNF into a Grammar.
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "inference/grammar.h"
#include "inference/grammar_bytes.h"
#include "inference/grammar_recursion.h"

namespace moat::inference {
namespace {

constexpr std::size_t kMostBytes = std::size_t{4} << 20;
constexpr std::size_t kMostSymbols = std::size_t{1} << 20;  // with all repetitions written out
constexpr std::uint64_t kMostTimes = 2000;                  // llama.cpp's bound for {n}
constexpr int kMostNesting = 200;

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

}  // namespace

class GrammarParser {
  public:
    GrammarParser(std::string_view text, std::string_view root) : text_(text), root_(root) {}

    Result<Grammar> run() {
        if (text_.size() > kMostBytes) return wrong("it is longer than 4 MB");
        skip_space(true);
        while (at_ < text_.size())
            TRY(read_rule());
        const auto root = names_.find(root_);
        if (root == names_.end()) return wrong(fmt::format("it has no rule \"{}\"", root_));
        for (const auto& [name, rule] : names_)
            if (!defined_[rule]) return wrong(fmt::format("the rule \"{}\" is not defined", name));
        out_.root_ = root->second;
        TRY(refuse_left_recursion());
        lay_out();
        return std::move(out_);
    }

  private:
    using Symbol = Grammar::Symbol;
    using Sequence = GrammarSequence;
    using Alternatives = GrammarAlternatives;

    Error wrong(std::string_view cause) const {
        const auto line = 1 + std::ranges::count(text_.substr(0, at_), '\n');
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("failed to parse grammar: {} in line {}", cause, line)
        };
    }

    bool has(char c) const { return at_ < text_.size() && text_[at_] == c; }

    void skip_space(bool over_lines) {
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '#') {
                at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
                if (!over_lines || at_ == text_.size()) return;
            } else if (c != ' ' && c != '\t' && !(over_lines && (c == '\r' || c == '\n'))) {
                return;
            }
        }
    }

    std::uint32_t new_rule() {
        rules_.emplace_back();
        defined_.push_back(true);
        return static_cast<std::uint32_t>(rules_.size() - 1);
    }
    std::uint32_t rule_of(std::string_view name) {
        const auto [known, is_new] = names_.try_emplace(std::string(name), 0);
        if (is_new) {
            known->second = new_rule();
            defined_[known->second] = false;
        }
        return known->second;
    }
    Symbol symbol_of(Alternatives alternatives) {
        const std::uint32_t rule = new_rule();
        rules_[rule] = std::move(alternatives);
        return {Symbol::Kind::rule, rule};
    }

    std::string_view read_name() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_name(text_[at_]))
            ++at_;
        return text_.substr(begin, at_ - begin);
    }

    Status read_rule() {
        const std::string_view name = read_name();
        if (name.empty()) return wrong("a rule's name is expected");
        const std::uint32_t rule = rule_of(name);
        skip_space(false);
        if (!text_.substr(at_).starts_with("::=")) return wrong("::= is expected");
        at_ += 3;
        skip_space(true);
        TRY_ASSIGN(rules_[rule], read_alternatives(0));
        defined_[rule] = true;
        if (at_ < text_.size() && !has('\r') && !has('\n'))
            return wrong(fmt::format("'{}' is not expected", text_[at_]));
        skip_space(true);
        return Ok{};
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as kMostNesting.
    Result<Alternatives> read_alternatives(int nesting) {
        if (nesting > kMostNesting) return wrong("groups are nested too deep");
        Alternatives out(1);
        for (;;) {
            TRY_ASSIGN(out.back(), read_sequence(nesting));
            if (!has('|')) return out;
            ++at_;
            skip_space(true);
            out.emplace_back();
        }
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as kMostNesting.
    Result<Sequence> read_sequence(int nesting) {
        Sequence out;
        while (at_ < text_.size() && !has('|') && !has(')') && !has('\n') && !has('\r')) {
            TRY_ASSIGN(Sequence item, read_item(nesting));
            skip_space(nesting > 0);
            TRY(read_repetitions(item, nesting));
            TRY(count(item.size()));
            out.insert(out.end(), item.begin(), item.end());
        }
        return out;
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as kMostNesting.
    Result<Sequence> read_item(int nesting) {
        const char c = text_[at_];
        if (c == '"') return read_literal();
        if (c == '[') return read_class();
        if (c == '.') {
            ++at_;
            return Sequence{symbol_of_class(all_but({}))};
        }
        if (c == '(') {
            ++at_;
            skip_space(true);
            TRY_ASSIGN(Alternatives inner, read_alternatives(nesting + 1));
            if (!has(')')) return wrong("')' is expected");
            ++at_;
            return Sequence{symbol_of(std::move(inner))};
        }
        if (is_name(c)) return Sequence{{Symbol::Kind::rule, rule_of(read_name())}};
        if (c == '<' || c == '!') return wrong("tokens are not supported (write their text)");
        if (c == '*' || c == '+' || c == '?' || c == '{')
            return wrong(fmt::format("there is nothing before '{}' to repeat", c));
        return wrong(fmt::format("'{}' is not expected", c));
    }

    Result<Sequence> read_literal() {
        ++at_;
        Sequence out;
        while (!has('"')) {
            TRY_ASSIGN(const std::uint32_t c, read_character());
            std::vector<ByteSequence> sequences;
            append_sequences({c, c}, sequences);
            if (sequences.empty()) return wrong("a surrogate is no character");
            for (std::size_t i = 0; i < sequences.front().length; ++i)
                out.push_back(symbol_of_bytes(sequences.front().bytes[i]));
        }
        ++at_;
        return out;
    }

    Result<Sequence> read_class() {
        ++at_;
        const bool negated = has('^');
        if (negated) ++at_;
        std::vector<CodePoints> ranges;
        while (!has(']')) {
            TRY_ASSIGN(const std::uint32_t first, read_character());
            std::uint32_t last = first;
            if (has('-') && !text_.substr(at_).starts_with("-]")) {
                ++at_;
                TRY_ASSIGN(last, read_character());
            }
            if (last >= first) ranges.push_back({first, last});
        }
        ++at_;
        return Sequence{symbol_of_class(negated ? all_but(std::move(ranges)) : ranges)};
    }

    // One character of a literal or a class; escapes are read.
    Result<std::uint32_t> read_character() {
        if (at_ >= text_.size()) return wrong("a quote or a bracket is not closed");
        if (has('\\')) return read_escape();
        std::size_t length = 1;
        const auto lead = static_cast<unsigned char>(text_[at_]);
        if (lead >= 0xC2) length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || at_ + length > text_.size())
            return wrong("it is not UTF-8");
        std::uint32_t c = length == 1 ? lead : lead & (0x7FU >> length);
        for (std::size_t i = 1; i < length; ++i)
            c = c << 6 | (static_cast<unsigned char>(text_[at_ + i]) & 0x3FU);
        at_ += length;
        return std::min<std::uint32_t>(c, 0x10FFFF);
    }

    Result<std::uint32_t> read_escape() {
        const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        at_ += 2;
        switch (kind) {
            case 'x':
                return read_hex(2);
            case 'u':
                return read_hex(4);
            case 'U':
                return read_hex(8);
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case 'n':
                return '\n';
            case '\\':
            case '"':
            case '[':
            case ']':
            case '-':
                return static_cast<std::uint32_t>(kind);
            default:
                return wrong("there is an unknown escape");
        }
    }

    Result<std::uint32_t> read_hex(std::size_t digits) {
        std::uint32_t c = 0;
        const std::string_view given = text_.substr(std::min(at_, text_.size()), digits);
        const auto end = std::from_chars(given.data(), given.data() + given.size(), c, 16);
        if (given.size() < digits || end.ec != std::errc{} || end.ptr != given.data() + digits)
            return wrong(fmt::format("{} hexadecimal digits are expected", digits));
        if (c > 0x10FFFF) return wrong("there is no such character");
        at_ += digits;
        return c;
    }

    Symbol symbol_of_bytes(ByteSequence::Range range) {
        const auto key = std::pair(range.first, range.last);
        const auto [known, is_new] = ranges_.try_emplace(key, 0);
        if (is_new) {
            Grammar::ByteSet set;
            for (int b = range.first; b <= range.last; ++b)
                set.set(static_cast<std::size_t>(b));
            known->second = new_set(set);
        }
        return {Symbol::Kind::bytes, known->second};
    }
    std::uint32_t new_set(const Grammar::ByteSet& set) {
        out_.sets_.push_back(set);
        return static_cast<std::uint32_t>(out_.sets_.size() - 1);
    }

    // All that is one byte long is one set; the longer forms are alternatives beside it.
    Symbol symbol_of_class(const std::vector<CodePoints>& ranges) {
        std::vector<ByteSequence> sequences;
        for (const CodePoints& range : ranges)
            append_sequences(range, sequences);
        Grammar::ByteSet single;
        Alternatives longer;
        for (const ByteSequence& sequence : sequences) {
            if (sequence.length == 1) {
                for (int b = sequence.bytes[0].first; b <= sequence.bytes[0].last; ++b)
                    single.set(static_cast<std::size_t>(b));
                continue;
            }
            Sequence& alternative = longer.emplace_back();
            for (std::size_t i = 0; i < sequence.length; ++i)
                alternative.push_back(symbol_of_bytes(sequence.bytes[i]));
        }
        const Symbol one{Symbol::Kind::bytes, new_set(single)};
        if (longer.empty()) return one;
        written_ += longer.size() * 4;
        if (single.any()) longer.push_back({one});
        return symbol_of(std::move(longer));
    }

    Status count(std::size_t symbols) {
        written_ += symbols;
        return written_ > kMostSymbols ? Status(wrong("it is too large")) : Status(Ok{});
    }

    // However many stand behind an item: a{2}* is a (a{2})*.
    Status read_repetitions(Sequence& item, int nesting) {
        for (;;) {
            if (at_ == text_.size()) return Ok{};
            const char kind = text_[at_];
            if (kind != '*' && kind != '+' && kind != '?' && kind != '{') return Ok{};
            std::uint64_t least = kind == '+' ? 1 : 0;
            std::optional<std::uint64_t> most;
            if (kind == '?') most = 1;
            if (kind == '{') TRY(read_times(least, most, nesting > 0));
            ++at_;
            skip_space(nesting > 0);
            TRY(repeat(item, least, most));
        }
    }

    // Up to the closing brace.
    Status read_times(std::uint64_t& least, std::optional<std::uint64_t>& most, bool over_lines) {
        const auto number = [&](std::uint64_t& out) {
            skip_space(over_lines);
            const char* begin = text_.data() + at_;
            const auto end = std::from_chars(begin, text_.data() + text_.size(), out);
            at_ += static_cast<std::size_t>(end.ptr - begin);
            skip_space(over_lines);
            return end.ec == std::errc{};
        };
        ++at_;
        if (!number(least)) return wrong("a number is expected after '{'");
        most = least;
        if (has(',')) {
            ++at_;
            std::uint64_t given = 0;
            most = number(given) ? std::optional(given) : std::nullopt;
        }
        if (!has('}')) return wrong("'}' is expected");
        if (least > kMostTimes) return wrong("a repetition is too long");
        if (most && *most > kMostTimes) most = std::nullopt;  // as llama.cpp reads it
        if (most && *most < least) return wrong("a repetition ends before it begins");
        return Ok{};
    }

    Status repeat(Sequence& item, std::uint64_t least, std::optional<std::uint64_t> most) {
        const Symbol one = item.size() == 1 ? item.front() : symbol_of({item});
        TRY(count(item.size() + least + (most ? 3 * (*most - least) : 3)));
        item.assign(least, one);
        if (!most) {
            const Symbol more = symbol_of({});
            rules_[more.index] = {{one, more}, {}};
            item.push_back(more);
            return Ok{};
        }
        std::optional<Symbol> rest;
        for (std::uint64_t i = least; i < *most; ++i) {
            Sequence next{one};
            if (rest) next.push_back(*rest);
            rest = symbol_of({std::move(next), {}});
        }
        if (rest) item.push_back(*rest);
        return Ok{};
    }

    Status refuse_left_recursion() const {
        const auto circle = left_recursion(rules_);
        if (circle.empty()) return Ok{};
        for (const auto& [name, rule] : names_)
            if (std::ranges::find(circle, rule) != circle.end())
                return wrong(fmt::format("the rule \"{}\" begins with itself", name));
        return wrong("a group begins with itself");
    }

    void lay_out() {
        out_.rules_.resize(rules_.size());
        for (std::size_t i = 0; i < rules_.size(); ++i) {
            for (const Sequence& sequence : rules_[i]) {
                out_.rules_[i].push_back(static_cast<std::uint32_t>(out_.symbols_.size()));
                out_.symbols_.insert(out_.symbols_.end(), sequence.begin(), sequence.end());
                out_.symbols_.push_back({});
            }
        }
    }

    const std::string_view text_;
    const std::string root_;
    std::size_t at_ = 0;
    std::size_t written_ = 0;
    Grammar out_;
    std::vector<Alternatives> rules_;
    std::vector<bool> defined_;
    std::map<std::string, std::uint32_t> names_;
    std::map<std::pair<std::uint8_t, std::uint8_t>, std::uint32_t> ranges_;  // to sets
};

Result<Grammar> Grammar::parse(std::string_view gbnf, std::string_view root) {
    return GrammarParser(gbnf, root).run();
}

}  // namespace moat::inference
