#include "base/json.h"

#include <charconv>
#include <cmath>

#include <boost/json.hpp>
#include <simdjson.h>

#include "base/bytes.h"

namespace moat::json {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

Value convert(const element& in);

Value convert_object(const simdjson::dom::object& in) {
    Object out;
    for (const auto& field : in)
        out.insert_or_assign(field.key, convert(field.value));
    return out;
}

Value convert_array(const simdjson::dom::array& in) {
    Array out;
    out.reserve(in.size());
    for (const element& item : in)
        out.push_back(convert(item));
    return out;
}

// The accessors' errors are impossible here: the type was asked for first.
Value convert(const element& in) {
    switch (in.type()) {
        case element_type::OBJECT:
            return convert_object(in.get_object().value_unsafe());
        case element_type::ARRAY:
            return convert_array(in.get_array().value_unsafe());
        case element_type::STRING:
            return Value(in.get_string().value_unsafe());
        case element_type::INT64:
            return in.get_int64().value_unsafe();
        case element_type::UINT64:
            return in.get_uint64().value_unsafe();
        case element_type::DOUBLE:
            return in.get_double().value_unsafe();
        case element_type::BOOL:
            return in.get_bool().value_unsafe();
        case element_type::NULL_VALUE:
            return nullptr;
    }
    return nullptr;
}

void indent_to(std::string& out, Style style, int depth) {
    if (style != Style::pretty) return;
    out += '\n';
    out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

void write_value(std::string& out, const Value& value, Style style, int depth);

void write_object(std::string& out, const Object& object, Style style, int depth) {
    out += '{';
    bool first = true;
    for (const auto& [key, item] : object) {
        if (!first) out += ',';
        first = false;
        indent_to(out, style, depth + 1);
        write_string_to(out, {key.data(), key.size()}, style);
        out += style == Style::pretty ? ": " : ":";
        write_value(out, item, style, depth + 1);
    }
    if (!first) indent_to(out, style, depth);
    out += '}';
}

void write_array(std::string& out, const Array& array, Style style, int depth) {
    out += '[';
    bool first = true;
    for (const Value& item : array) {
        if (!first) out += ',';
        first = false;
        indent_to(out, style, depth + 1);
        write_value(out, item, style, depth + 1);
    }
    if (!first) indent_to(out, style, depth);
    out += ']';
}

template <class Number>
void write_chars(std::string& out, Number number) {
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number);
    out.append(buffer, end.ptr);
}

// JSON has no word for infinity or "not a number"; null is what every encoder writes. Whole
// numbers past 64 bits take an exponent: readers (ours too) refuse them as integers.
template <class Number>
void write_floating(std::string& out, Number number) {
    if (!std::isfinite(number)) {
        out += "null";
    } else if (number == 0 && std::signbit(number)) {
        out += "-0.0";  // as a whole number it would lose its sign
    } else if (std::abs(number) < static_cast<Number>(1e17)) {
        write_chars(out, number);
    } else {
        char buffer[40];
        const auto end =
            std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
        out.append(buffer, end.ptr);
    }
}

void write_value(std::string& out, const Value& value, Style style, int depth) {
    switch (value.kind()) {
        case boost::json::kind::null:
            out += "null";
            return;
        case boost::json::kind::bool_:
            out += value.get_bool() ? "true" : "false";
            return;
        case boost::json::kind::int64:
            write_chars(out, value.get_int64());
            return;
        case boost::json::kind::uint64:
            write_chars(out, value.get_uint64());
            return;
        case boost::json::kind::double_:
            write_number_to(out, value.get_double());
            return;
        case boost::json::kind::string:
            write_string_to(out, view(value.get_string()), style);
            return;
        case boost::json::kind::array:
            write_array(out, value.get_array(), style, depth);
            return;
        case boost::json::kind::object:
            write_object(out, value.get_object(), style, depth);
            return;
    }
}

bool needs_escape(unsigned char c, Style style) {
    if (c < 0x20 || c == '"' || c == '\\') return true;
    return style == Style::html_safe && (c == '<' || c == '>' || c == '&');
}

void write_escape(std::string& out, unsigned char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += "\\u00";
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
}

}  // namespace

Result<Value> read(std::string_view text, const ReadLimits& limits) {
    // A parser owns buffers as large as the largest text it has seen; one per call keeps memory
    // flat, and its allocation is small beside the reading.
    simdjson::dom::parser parser;
    if (const auto error = parser.allocate(text.size() + 1, limits.max_depth)) {
        return Error{ErrorCode::too_large, simdjson::error_message(error)};
    }
    element root;
    if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
        return Error{
            ErrorCode::invalid_argument,
            std::string("not valid JSON: ") + simdjson::error_message(error)
        };
    }
    return convert(root);
}

std::string write(const Value& value, Style style) {
    std::string out;
    write_to(out, value, style);
    return out;
}

void write_to(std::string& out, const Value& value, Style style) {
    write_value(out, value, style, 0);
}

void write_string_to(std::string& out, std::string_view text, Style style) {
    out += '"';
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (!needs_escape(c, style)) continue;
        out += text.substr(start, i - start);
        write_escape(out, c);
        start = i + 1;
    }
    out += text.substr(start);
    out += '"';
}

void write_number_to(std::string& out, float number) {
    write_floating(out, number);
}

void write_number_to(std::string& out, double number) {
    write_floating(out, number);
}

const Value* find(const Value& value, std::string_view key) {
    const Object* object = value.if_object();
    return object == nullptr ? nullptr : object->if_contains(key);
}

const String* find_string(const Value& value, std::string_view key) {
    const Value* item = find(value, key);
    return item == nullptr ? nullptr : item->if_string();
}

const Object* find_object(const Value& value, std::string_view key) {
    const Value* item = find(value, key);
    return item == nullptr ? nullptr : item->if_object();
}

const Array* find_array(const Value& value, std::string_view key) {
    const Value* item = find(value, key);
    return item == nullptr ? nullptr : item->if_array();
}

std::string string_or(const Value& value, std::string_view key, std::string_view fallback) {
    const String* text = find_string(value, key);
    return std::string(text == nullptr ? fallback : view(*text));
}

std::int64_t int_or(const Value& value, std::string_view key, std::int64_t fallback) {
    const Value* item = find(value, key);
    if (item == nullptr) return fallback;
    if (const auto* number = item->if_int64()) return *number;
    const auto* number = item->if_double();
    if (number == nullptr || std::abs(*number) > 9e18) return fallback;
    return static_cast<std::int64_t>(*number);
}

double number_or(const Value& value, std::string_view key, double fallback) {
    const Value* item = find(value, key);
    if (item == nullptr || !item->is_number()) return fallback;
    return item->to_number<double>();
}

bool bool_or(const Value& value, std::string_view key, bool fallback) {
    const Value* item = find(value, key);
    const bool* flag = item == nullptr ? nullptr : item->if_bool();
    return flag == nullptr ? fallback : *flag;
}

}  // namespace moat::json
