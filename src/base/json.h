#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/result.h"

// JSON values (boost::json: objects keep the order of their keys) with our own two ends: reading
// by simdjson, because Boost 1.81 reads some doubles one unit off, and writing in the shortest
// form that reads back equal. Threads: any.
namespace moat::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;
using String = boost::json::string;

struct ReadLimits {
    std::size_t max_depth = 128;
};

// One whole JSON text (RFC 8259), which must be UTF-8. The last of repeated keys wins.
// An integer must fit 64 bits. Errors: invalid_argument, saying what is wrong.
Result<Value> read(std::string_view text, const ReadLimits& limits = {});

enum class Style {
    plain,      // as RFC 8259 needs
    html_safe,  // and <, >, & as \u003c ..., as Go's encoder writes them
    pretty,     // two spaces of indent, for people
};
std::string write(const Value& value, Style style = Style::plain);
void write_to(std::string& out, const Value& value, Style style = Style::plain);
// Only the quoted string.
void write_string_to(std::string& out, std::string_view text, Style style = Style::plain);
// Shortest text that reads back to the same float.
void write_number_to(std::string& out, float number);
void write_number_to(std::string& out, double number);

// Look-ups that forgive: nullptr when `value` is no object, lacks the key or holds another type.
const Value* find(const Value& value, std::string_view key);
const String* find_string(const Value& value, std::string_view key);
const Object* find_object(const Value& value, std::string_view key);
const Array* find_array(const Value& value, std::string_view key);
std::string string_or(const Value& value, std::string_view key, std::string_view fallback = "");
// Accepts any number (a fraction is cut for integers).
std::int64_t int_or(const Value& value, std::string_view key, std::int64_t fallback);
double number_or(const Value& value, std::string_view key, double fallback);
bool bool_or(const Value& value, std::string_view key, bool fallback);

// The view of a JSON string, so that callers need no Boost name.
inline std::string_view view(const String& text) {
    return {text.data(), text.size()};
}

}  // namespace moat::json
