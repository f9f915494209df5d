#include "models/template_functions.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "models/utf8.h"

namespace moat::models::templates {
namespace {

using Arguments = std::span<const Value>;

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// --- comparisons ---

enum class Basic { boolean, integer, real, text, none };

Basic basic_kind(const Value& value) {
    switch (value.data.index()) {
        case 1:
            return Basic::boolean;
        case 2:
            return Basic::integer;
        case 3:
            return Basic::real;
        case 4:
            return Basic::text;
        default:
            return Basic::none;
    }
}

Error incompatible(const Value& a, const Value& b) {
    return wrong(
        fmt::format("incompatible types for comparison: {} and {}", type_name(a), type_name(b))
    );
}

Result<bool> equal(const Value& a, const Value& b) {
    if (a.is_nil() || b.is_nil()) return a.is_nil() && b.is_nil();
    if (basic_kind(a) == Basic::none || basic_kind(b) == Basic::none)
        return wrong(fmt::format(
            "non-comparable types {}: {}, {}: {}",
            to_text(a),
            type_name(a),
            to_text(b),
            type_name(b)
        ));
    if (basic_kind(a) != basic_kind(b)) return incompatible(a, b);
    return a.data == b.data;
}

Result<Value> equal_any(Arguments arguments) {
    if (arguments.size() < 2) return wrong("missing argument for comparison");
    for (const Value& other : arguments.subspan(1)) {
        TRY_ASSIGN(const bool same, equal(arguments[0], other));
        if (same) return Value{true};
    }
    return Value{false};
}

Result<bool> less(const Value& a, const Value& b) {
    const Basic kind = basic_kind(a);
    if (kind == Basic::none || basic_kind(b) == Basic::none)
        return wrong("invalid type for comparison");
    if (kind != basic_kind(b)) return incompatible(a, b);
    if (kind == Basic::boolean) return wrong("invalid type for comparison");
    return a.data < b.data;
}

Result<Value> compare(std::string_view name, Arguments arguments) {
    const Value& a = arguments[0];
    const Value& b = arguments[1];
    if (name == "ne") {
        TRY_ASSIGN(const bool same, equal(a, b));
        return Value{!same};
    }
    TRY_ASSIGN(const bool below, less(a, b));
    if (name == "lt") return Value{below};
    if (name == "ge") return Value{!below};
    TRY_ASSIGN(const bool same, equal(a, b));
    return Value{name == "le" ? below || same : !(below || same)};
}

// --- lists, maps, strings ---

Result<Value> length(Arguments arguments) {
    const Value& value = arguments[0];
    std::size_t size = 0;
    if (value.text()) {
        size = value.text()->size();
    } else if (value.list()) {
        size = value.list()->items.size();
    } else if (value.map() && value.map()->struct_name.empty()) {
        size = value.map()->fields.size();
    } else if (value.is_nil()) {
        return wrong("len of nil pointer");
    } else {
        return wrong(fmt::format("len of type {}", type_name(value)));
    }
    return Value{static_cast<std::int64_t>(size)};
}

// An index into something `size` long; `limit` itself is allowed for slices.
Result<std::size_t> checked_index(const Value& index, std::size_t limit) {
    if (index.is_nil()) return wrong("cannot index slice/array with nil");
    if (!index.integer())
        return wrong(fmt::format("cannot index slice/array with type {}", type_name(index)));
    const std::int64_t at = *index.integer();
    if (at < 0 || static_cast<std::uint64_t>(at) > limit)
        return wrong(fmt::format("index out of range: {}", at));
    return static_cast<std::size_t>(at);
}

Result<Value> index_one(const Value& item, const Value& index) {
    if (const Map* map = item.map(); map && map->struct_name.empty()) {
        if (index.is_nil()) return wrong("value is nil; should be of type string");
        if (!index.text())
            return wrong(fmt::format("value has type {}; should be string", type_name(index)));
        const Value* found = map->find(*index.text());
        return found ? *found : Value{};
    }
    const std::size_t size = item.list()   ? item.list()->items.size()
                             : item.text() ? item.text()->size()
                                           : 0;
    if (!item.list() && !item.text())
        return wrong(fmt::format("can't index item of type {}", type_name(item)));
    TRY_ASSIGN(const std::size_t at, checked_index(index, size));
    if (at == size) return wrong(fmt::format("index out of range: {}", at));
    if (item.list()) return item.list()->items[at];
    return Value{static_cast<std::int64_t>(static_cast<unsigned char>((*item.text())[at]))};
}

Result<Value> index(Arguments arguments) {
    Value item = arguments[0];
    if (item.is_nil()) return wrong("index of untyped nil");
    for (const Value& at : arguments.subspan(1)) {
        if (item.is_nil()) return wrong("index of nil pointer");
        TRY_ASSIGN(item, index_one(item, at));
    }
    return item;
}

Result<Value> slice(Arguments arguments) {
    const Value& item = arguments[0];
    const auto bounds = arguments.subspan(1);
    if (item.is_nil()) return wrong("slice of untyped nil");
    if (bounds.size() > 3) return wrong(fmt::format("too many slice indexes: {}", bounds.size()));
    if (!item.list() && !item.text())
        return wrong(fmt::format("can't slice item of type {}", type_name(item)));
    if (item.text() && bounds.size() == 3) return wrong("cannot 3-index slice a string");

    const std::size_t size = item.list() ? item.list()->items.size() : item.text()->size();
    std::size_t range[3] = {0, size, size};
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        TRY_ASSIGN(range[i], checked_index(bounds[i], size));
    }
    if (range[0] > range[1])
        return wrong(fmt::format("invalid slice index: {} > {}", range[0], range[1]));
    if (range[1] > range[2])
        return wrong(fmt::format("invalid slice index: {} > {}", range[1], range[2]));
    if (item.text()) return Value{item.text()->substr(range[0], range[1] - range[0])};
    const auto& items = item.list()->items;
    const auto from = items.begin() + static_cast<std::ptrdiff_t>(range[0]);
    const auto to = items.begin() + static_cast<std::ptrdiff_t>(range[1]);
    return make_list({.items = std::vector<Value>(from, to)});
}

// --- text ---

// fmt.Sprint: a space between two operands when neither is a string.
std::string print(Arguments arguments, bool always_spaced) {
    std::string out;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const bool texts = i > 0 && (arguments[i].text() || arguments[i - 1].text());
        if (i > 0 && (always_spaced || !texts)) out += ' ';
        out += to_text(arguments[i]);
    }
    return out;
}

// The functions that escape take one string as it is and print anything else.
std::string escapable(Arguments arguments) {
    if (arguments.size() == 1 && arguments[0].is_nil()) return "<no value>";
    return print(arguments, false);
}

std::string escape_html(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '\0':
                out += "\xEF\xBF\xBD";
                break;
            case '"':
                out += "&#34;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string escape_js(std::string_view text) {
    std::string out;
    for (const char32_t c : decode_utf8(text)) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '\'':
                out += "\\'";
                break;
            case '"':
                out += "\\\"";
                break;
            case '<':
                out += "\\u003C";
                break;
            case '>':
                out += "\\u003E";
                break;
            case '&':
                out += "\\u0026";
                break;
            case '=':
                out += "\\u003D";
                break;
            default:
                if (c < 0x20) {
                    out += fmt::format("\\u{:04X}", static_cast<std::uint32_t>(c));
                } else {
                    append_utf8(out, c);
                }
        }
    }
    return out;
}

std::string escape_query(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
        } else if (c == ' ') {
            out += '+';
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

std::string date_text(Time time) {
    return to_rfc3339(time).substr(0, 10);
}

// --- toTypeScriptType ---

std::string script_type_of(std::string_view name) {
    if (name == "integer" || name == "number") return "number";
    if (name == "string" || name == "boolean" || name == "null") return std::string(name);
    if (name == "array") return "any[]";
    if (name == "object") return "Record<string, any>";
    return "any";
}

std::string script_type(const Value& value) {
    const Map* map = value.map();
    if (!map) return "any";
    std::vector<std::string> parts;
    const auto list_of = [map](std::string_view key) {
        const Value* found = map->find(key);
        return found ? found->list() : nullptr;
    };
    if (const List* any_of = list_of("AnyOf"); any_of && !any_of->items.empty()) {
        for (const Value& item : any_of->items)
            parts.push_back(script_type(item));
    } else if (const List* types = list_of("Type")) {
        for (const Value& item : types->items)
            parts.push_back(script_type_of(item.text() ? *item.text() : ""));
    }
    if (parts.empty()) return "any";
    return fmt::format("{}", fmt::join(parts, " | "));
}

struct Function {
    std::string_view name;
    std::size_t min_arguments;
    std::size_t max_arguments;
};

constexpr std::size_t kAny = SIZE_MAX;
constexpr Function kFunctions[] = {
    {"and", 1, kAny},
    {"or", 1, kAny},
    {"not", 1, 1},
    {"eq", 1, kAny},
    {"ne", 2, 2},
    {"lt", 2, 2},
    {"le", 2, 2},
    {"gt", 2, 2},
    {"ge", 2, 2},
    {"len", 1, 1},
    {"index", 1, kAny},
    {"slice", 1, kAny},
    {"print", 0, kAny},
    {"printf", 1, kAny},
    {"println", 0, kAny},
    {"html", 0, kAny},
    {"js", 0, kAny},
    {"urlquery", 0, kAny},
    {"call", 1, kAny},
    {"json", 1, 1},
    {"currentDate", 0, kAny},
    {"yesterdayDate", 0, kAny},
    {"toTypeScriptType", 1, 1},
};

const Function* find_function(std::string_view name) {
    const auto found = std::ranges::find(kFunctions, name, &Function::name);
    return found == std::end(kFunctions) ? nullptr : found;
}

Status check_count(const Function& function, std::size_t count) {
    if (count >= function.min_arguments && count <= function.max_arguments) return Ok{};
    const bool open = function.max_arguments == kAny;
    return wrong(fmt::format(
        "wrong number of args for {}: want {}{} got {}",
        function.name,
        open ? "at least " : "",
        function.min_arguments,
        count
    ));
}

Result<Value> text_function(std::string_view name, Arguments arguments) {
    if (name == "print") return Value{print(arguments, false)};
    if (name == "println") return Value{print(arguments, true) + "\n"};
    if (name == "html") return Value{escape_html(escapable(arguments))};
    if (name == "js") return Value{escape_js(escapable(arguments))};
    if (name == "urlquery") return Value{escape_query(escapable(arguments))};
    const std::string* format = arguments[0].text();
    if (!format)
        return wrong("wrong type for value; expected string; got " + type_name(arguments[0]));
    return Value{format_go(*format, arguments.subspan(1))};
}

}  // namespace

bool is_function(std::string_view name) {
    return find_function(name) != nullptr;
}

Result<Value> call_function(std::string_view name, Arguments arguments, Time now) {
    const Function* function = find_function(name);
    if (!function) return wrong(fmt::format("\"{}\" is not a defined function", name));
    TRY(check_count(*function, arguments.size()));

    if (name == "not") return Value{!is_true(arguments[0])};
    if (name == "eq") return equal_any(arguments);
    if (name == "len") return length(arguments);
    if (name == "index") return index(arguments);
    if (name == "slice") return slice(arguments);
    if (name == "json") return Value{to_json(arguments[0])};
    if (name == "currentDate") return Value{date_text(now)};
    if (name == "yesterdayDate") return Value{date_text(now - std::chrono::hours(24))};
    if (name == "toTypeScriptType") return Value{script_type(arguments[0])};
    if (name == "call") {
        // No value of a template is a function.
        if (arguments[0].is_nil()) return wrong("call of nil");
        return wrong(fmt::format(
            "non-function {} of type {}", to_text(arguments[0]), type_name(arguments[0])
        ));
    }
    if (function->min_arguments == 2) return compare(name, arguments);
    return text_function(name, arguments);
}

}  // namespace moat::models::templates
