#include "models/template_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace moat::models::templates {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

using Field = std::pair<std::string, Value>;

std::vector<const Field*> sorted_fields(const Map& map) {
    std::vector<const Field*> out;
    for (const Field& field : map.fields)
        out.push_back(&field);
    if (map.struct_name.empty())
        std::ranges::sort(out, {}, [](const Field* field) -> const std::string& {
            return field->first;
        });
    return out;
}

// fmt's %v of a float64: the shortest digits, with an exponent below 1e-4 and from 1e6 on.
std::string float_text(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
    const double size = std::abs(number);
    const bool exponent = size != 0 && (size < 1e-4 || size >= 1e6);
    char buffer[400];
    const auto format = exponent ? std::chars_format::scientific : std::chars_format::fixed;
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, format);
    return std::string(buffer, end.ptr);
}

std::string list_text(const List& list) {
    if (list.printed) return *list.printed;
    std::string out = "[";
    for (const Value& item : list.items) {
        if (out.size() > 1) out += ' ';
        out += to_text(item);
    }
    return out + "]";
}

std::string map_text(const Map& map) {
    if (map.printed) return *map.printed;
    const bool is_struct = !map.struct_name.empty();
    std::string out = is_struct ? "{" : "map[";
    bool first = true;
    for (const Field* field : sorted_fields(map)) {
        if (!first) out += ' ';
        first = false;
        if (!is_struct) out += field->first + ":";
        out += to_text(field->second);
    }
    return out + (is_struct ? "}" : "]");
}

json::Value to_json_value(const Value& value);

void write_json(std::string& out, const Value& value) {
    if (const List* list = value.list()) {
        if (list->json_text) {
            out += *list->json_text;
            return;
        }
        out += '[';
        for (std::size_t i = 0; i < list->items.size(); ++i) {
            if (i > 0) out += ',';
            write_json(out, list->items[i]);
        }
        out += ']';
    } else if (const Map* map = value.map()) {
        if (map->json_text) {
            out += *map->json_text;
            return;
        }
        out += '{';
        bool first = true;
        for (const Field* field : sorted_fields(*map)) {
            if (!first) out += ',';
            first = false;
            json::write_string_to(out, field->first, json::Style::html_safe);
            out += ':';
            write_json(out, field->second);
        }
        out += '}';
    } else {
        json::write_to(out, to_json_value(value), json::Style::html_safe);
    }
}

// Of what is neither list nor map.
json::Value to_json_value(const Value& value) {
    return std::visit(
        Overloaded{
            [](std::monostate) { return json::Value(nullptr); },
            [](bool v) { return json::Value(v); },
            [](std::int64_t v) { return json::Value(v); },
            [](double v) { return json::Value(v); },
            [](const std::string& v) { return json::Value(json::String(v)); },
            [](const auto&) { return json::Value(nullptr); },
        },
        value.data
    );
}

}  // namespace

const List* Value::list() const {
    const auto* held = std::get_if<std::shared_ptr<const List>>(&data);
    return held ? held->get() : nullptr;
}

const Map* Value::map() const {
    const auto* held = std::get_if<std::shared_ptr<const Map>>(&data);
    return held ? held->get() : nullptr;
}

const Value* Map::find(std::string_view key) const {
    const auto found = std::ranges::find(fields, key, &Field::first);
    return found == fields.end() ? nullptr : &found->second;
}

Value make_list(List list) {
    return Value{std::make_shared<const List>(std::move(list))};
}

Value make_map(Map map) {
    return Value{std::make_shared<const Map>(std::move(map))};
}

Value from_json(const json::Value& value) {
    switch (value.kind()) {
        case boost::json::kind::null:
            return {};
        case boost::json::kind::bool_:
            return {value.get_bool()};
        case boost::json::kind::int64:
            return {value.get_int64()};
        case boost::json::kind::uint64: {
            const auto number = value.get_uint64();
            if (number > std::numeric_limits<std::int64_t>::max())
                return {static_cast<double>(number)};
            return {static_cast<std::int64_t>(number)};
        }
        case boost::json::kind::double_:
            return {value.get_double()};
        case boost::json::kind::string:
            return {std::string(json::view(value.get_string()))};
        case boost::json::kind::array: {
            List list;
            for (const auto& item : value.get_array())
                list.items.push_back(from_json(item));
            return make_list(std::move(list));
        }
        case boost::json::kind::object: {
            Map map;
            for (const auto& [key, item] : value.get_object())
                map.fields.emplace_back(std::string(key), from_json(item));
            return make_map(std::move(map));
        }
    }
    return {};
}

bool is_true(const Value& value) {
    return std::visit(
        Overloaded{
            [](std::monostate) { return false; },
            [](bool v) { return v; },
            [](std::int64_t v) { return v != 0; },
            [](double v) { return v != 0; },
            [](const std::string& v) { return !v.empty(); },
            [](const std::shared_ptr<const List>& v) { return !v->items.empty(); },
            [](const std::shared_ptr<const Map>& v) {
                return !v->struct_name.empty() || !v->fields.empty();
            },
        },
        value.data
    );
}

std::string type_name(const Value& value) {
    return std::visit(
        Overloaded{
            [](std::monostate) -> std::string { return "nil"; },
            [](bool) -> std::string { return "bool"; },
            [](std::int64_t) -> std::string { return "int"; },
            [](double) -> std::string { return "float64"; },
            [](const std::string&) -> std::string { return "string"; },
            [](const std::shared_ptr<const List>&) -> std::string { return "[]interface {}"; },
            [](const std::shared_ptr<const Map>& v) -> std::string {
                return v->struct_name.empty() ? "map[string]interface {}" : v->struct_name;
            },
        },
        value.data
    );
}

std::string to_text(const Value& value) {
    return std::visit(
        Overloaded{
            [](std::monostate) -> std::string { return "<nil>"; },
            [](bool v) -> std::string { return v ? "true" : "false"; },
            [](std::int64_t v) { return fmt::format("{}", v); },
            [](double v) { return float_text(v); },
            [](const std::string& v) { return v; },
            [](const std::shared_ptr<const List>& v) { return list_text(*v); },
            [](const std::shared_ptr<const Map>& v) { return map_text(*v); },
        },
        value.data
    );
}

std::string to_json(const Value& value) {
    std::string out;
    write_json(out, value);
    return out;
}

}  // namespace moat::models::templates
