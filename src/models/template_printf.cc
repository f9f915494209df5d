#include <algorithm>
#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "models/template_functions.h"
#include "models/utf8.h"

namespace moat::models::templates {
namespace {

constexpr int kMaxWidth = 1000;

// %[flags][width][.precision]verb
struct Directive {
    bool minus = false;
    bool plus = false;
    bool sharp = false;
    bool space = false;
    bool zero = false;
    std::optional<int> width;
    std::optional<int> precision;
    std::string verb;  // one character
};

std::size_t character_count(std::string_view text) {
    return decode_utf8(text).size();
}

std::string pad(std::string text, const Directive& how, bool zeros_allowed) {
    const std::size_t have = character_count(text);
    const auto want = static_cast<std::size_t>(how.width.value_or(0));
    if (have >= want) return text;
    if (how.minus) return text + std::string(want - have, ' ');
    if (how.zero && zeros_allowed) {
        const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
        text.insert(sign, want - have, '0');
        return text;
    }
    return std::string(want - have, ' ') + text;
}

std::string quote_go(std::string_view text) {
    std::string out = "\"";
    for (const char32_t c : decode_utf8(text)) {
        constexpr std::u32string_view kSpecial = U"\a\b\f\n\r\t\v\\\"";
        constexpr std::string_view kNames = "abfnrtv\\\"";
        if (const auto i = kSpecial.find(c); i != std::u32string_view::npos) {
            out += '\\';
            out += kNames[i];
        } else if (c < 0x20 || c == 0x7F) {
            out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(c));
        } else {
            append_utf8(out, c);
        }
    }
    return out + '"';
}

std::string hex_of(std::string_view text, bool upper) {
    std::string out;
    for (const char c : text)
        out += upper ? fmt::format("{:02X}", static_cast<unsigned char>(c))
                     : fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

std::string bad_verb(const Value& value, const Directive& how) {
    if (value.is_nil()) return fmt::format("%!{}(<nil>)", how.verb);
    return fmt::format("%!{}({}={})", how.verb, type_name(value), to_text(value));
}

std::string format_text(const std::string& text, const Directive& how, const Value& value) {
    std::string shown = text;
    if (how.precision && how.verb != "x" && how.verb != "X") {
        const auto points = decode_utf8(text);
        shown.clear();
        for (std::size_t i = 0;
             i < std::min<std::size_t>(points.size(), static_cast<std::size_t>(*how.precision));
             ++i)
            append_utf8(shown, points[i]);
    }
    if (how.verb == "v" && how.sharp) return pad(quote_go(shown), how, false);
    if (how.verb == "v" || how.verb == "s") return pad(shown, how, true);
    if (how.verb == "q") {
        const bool raw = how.sharp && !shown.contains('`') && !shown.contains('\n');
        return pad(raw ? "`" + shown + "`" : quote_go(shown), how, true);
    }
    if (how.verb == "x" || how.verb == "X") return pad(hex_of(shown, how.verb == "X"), how, true);
    return bad_verb(value, how);
}

// The digits of `size` as the verb wants them; empty for a verb that is not for integers.
std::string digits_of(std::uint64_t size, const Directive& how) {
    const auto prefixed = [&how](std::string_view prefix, const std::string& digits) {
        return how.sharp ? std::string(prefix) + digits : digits;
    };
    if (how.verb == "d" || how.verb == "v") return fmt::format("{}", size);
    if (how.verb == "x") return prefixed("0x", fmt::format("{:x}", size));
    if (how.verb == "X") return prefixed("0X", fmt::format("{:X}", size));
    if (how.verb == "o") return prefixed("0", fmt::format("{:o}", size));
    if (how.verb == "b") return prefixed("0b", fmt::format("{:b}", size));
    return {};
}

std::string format_character(std::int64_t number, const Directive& how) {
    const bool known = number >= 0 && number <= 0x10FFFF;
    std::string character;
    append_utf8(character, known ? static_cast<std::uint32_t>(number) : 0xFFFD);
    return pad(how.verb == "q" ? "'" + character + "'" : character, how, true);
}

std::string_view sign_of(bool negative, const Directive& how) {
    if (negative) return "-";
    if (how.plus) return "+";
    return how.space ? " " : "";
}

std::string format_integer(std::int64_t number, const Directive& how, const Value& value) {
    if (how.verb == "c" || how.verb == "q") return format_character(number, how);
    const bool negative = number < 0;
    const auto bits = static_cast<std::uint64_t>(number);
    std::string digits = digits_of(negative ? 0 - bits : bits, how);
    if (digits.empty()) return bad_verb(value, how);
    const auto wanted = static_cast<std::size_t>(how.precision.value_or(0));
    if (digits.size() < wanted) digits.insert(0, wanted - digits.size(), '0');
    return pad(std::string(sign_of(negative, how)) + digits, how, !how.precision);
}

std::string format_real(double number, const Directive& how, const Value& value) {
    if (how.verb == "v" && !how.precision) return pad(to_text(value), how, true);
    const std::string verb = how.verb == "v" ? "g" : how.verb == "F" ? "f" : how.verb;
    if (!std::string_view("eEfgG").contains(verb)) return bad_verb(value, how);
    if ((verb == "g" || verb == "G") && !how.precision) {
        std::string shortest = to_text(value);
        if (verb == "G") std::ranges::replace(shortest, 'e', 'E');
        return pad(std::move(shortest), how, true);
    }
    const std::string format =
        fmt::format("%{}.{}{}", how.plus ? "+" : "", how.precision.value_or(6), verb);
    const int length = std::snprintf(nullptr, 0, format.c_str(), number);  // NOLINT: format is ours
    std::string out(static_cast<std::size_t>(length) + 1, '\0');
    std::snprintf(out.data(), out.size(), format.c_str(), number);  // NOLINT: format is ours
    out.pop_back();
    return pad(std::move(out), how, true);
}

std::string format_value(const Value& value, const Directive& how);

void add_spaced(std::string& out, std::string_view item, bool& first) {
    if (!first) out += ' ';
    first = false;
    out += item;
}

std::string format_list(const List& list, const Directive& how) {
    std::string out = "[";
    bool first = true;
    for (const Value& item : list.items)
        add_spaced(out, format_value(item, how), first);
    return out + "]";
}

std::string format_map(const Map& map, const Directive& how) {
    const bool is_struct = !map.struct_name.empty();
    auto fields = map.fields;
    if (!is_struct) std::ranges::sort(fields, {}, [](const auto& field) { return field.first; });
    std::string out = is_struct ? "{" : "map[";
    bool first = true;
    for (const auto& [key, item] : fields) {
        const std::string name = is_struct ? "" : format_value(Value{key}, how) + ":";
        add_spaced(out, name + format_value(item, how), first);
    }
    return out + (is_struct ? "}" : "]");
}

std::string format_collection(const Value& value, const Directive& how) {
    const List* list = value.list();
    const auto& printed = list ? list->printed : value.map()->printed;
    if (printed && (how.verb == "v" || how.verb == "s")) return pad(*printed, how, false);
    return list ? format_list(*list, how) : format_map(*value.map(), how);
}

std::string format_value(const Value& value, const Directive& how) {
    if (how.verb == "T") return pad(value.is_nil() ? "<nil>" : type_name(value), how, false);
    if (value.is_nil()) return how.verb == "v" ? pad("<nil>", how, false) : bad_verb(value, how);
    if (const std::string* text = value.text()) return format_text(*text, how, value);
    if (const std::int64_t* number = value.integer()) return format_integer(*number, how, value);
    if (const double* number = std::get_if<double>(&value.data))
        return format_real(*number, how, value);
    if (const bool* flag = std::get_if<bool>(&value.data)) {
        if (how.verb != "t" && how.verb != "v") return bad_verb(value, how);
        return pad(*flag ? "true" : "false", how, false);
    }
    return format_collection(value, how);
}

class Formatter {
  public:
    Formatter(std::string_view format, std::span<const Value> arguments)
        : rest_(format), arguments_(arguments) {}

    std::string run() {
        while (!rest_.empty()) {
            const auto percent = std::min(rest_.find('%'), rest_.size());
            out_ += rest_.substr(0, percent);
            rest_.remove_prefix(percent);
            if (!rest_.empty()) format_one();
        }
        add_extra();
        return std::move(out_);
    }

  private:
    void format_one() {
        rest_.remove_prefix(1);
        Directive how = take_flags();
        how.width = take_number();
        if (how.width && *how.width < 0) {
            how.minus = true;
            how.width = -*how.width;
        }
        if (rest_.starts_with('.')) {
            rest_.remove_prefix(1);
            how.precision = take_number().value_or(0);
        }
        if (rest_.empty()) {
            out_ += "%!(NOVERB)";
            return;
        }
        const std::size_t length = verb_length();
        how.verb = std::string(rest_.substr(0, length));
        rest_.remove_prefix(length);
        if (how.verb == "%") {
            out_ += '%';
        } else if (next_ >= arguments_.size()) {
            out_ += fmt::format("%!{}(MISSING)", how.verb);
        } else {
            out_ += format_value(arguments_[next_++], how);
        }
    }

    Directive take_flags() {
        Directive how;
        for (; !rest_.empty(); rest_.remove_prefix(1)) {
            switch (rest_.front()) {
                case '-':
                    how.minus = true;
                    continue;
                case '+':
                    how.plus = true;
                    continue;
                case '#':
                    how.sharp = true;
                    continue;
                case ' ':
                    how.space = true;
                    continue;
                case '0':
                    how.zero = true;
                    continue;
                default:
                    return how;
            }
        }
        return how;
    }

    std::optional<int> take_number() {
        if (rest_.starts_with('*')) {
            rest_.remove_prefix(1);
            const std::int64_t* number =
                next_ < arguments_.size() ? arguments_[next_].integer() : nullptr;
            ++next_;
            if (number && *number >= -kMaxWidth && *number <= kMaxWidth)
                return static_cast<int>(*number);
            return std::nullopt;
        }
        std::optional<int> number;
        while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
            number = std::min(number.value_or(0) * 10 + (rest_.front() - '0'), kMaxWidth);
            rest_.remove_prefix(1);
        }
        return number;
    }

    std::size_t verb_length() const {
        const auto lead = static_cast<unsigned char>(rest_.front());
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        return std::min(length, rest_.size());
    }

    void add_extra() {
        if (next_ >= arguments_.size()) return;
        out_ += "%!(EXTRA ";
        for (std::size_t i = next_; i < arguments_.size(); ++i) {
            if (i > next_) out_ += ", ";
            const Value& value = arguments_[i];
            out_ +=
                value.is_nil() ? "<nil>" : fmt::format("{}={}", type_name(value), to_text(value));
        }
        out_ += ')';
    }

    std::string_view rest_;
    std::span<const Value> arguments_;
    std::size_t next_ = 0;
    std::string out_;
};

}  // namespace

std::string format_go(std::string_view format, std::span<const Value> arguments) {
    return Formatter(format, arguments).run();
}

}  // namespace moat::models::templates
