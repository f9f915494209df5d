#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"

// What a Go text/template computes with. Values are immutable and share their lists and maps, so
// copying one is cheap. Threads: any.
namespace moat::models::templates {

struct List;
struct Map;

struct Value {
    std::variant<
        std::monostate,
        bool,
        std::int64_t,
        double,
        std::string,
        std::shared_ptr<const List>,
        std::shared_ptr<const Map>>
        data{};

    bool is_nil() const { return std::holds_alternative<std::monostate>(data); }
    const std::string* text() const { return std::get_if<std::string>(&data); }
    const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data); }
    const List* list() const;
    const Map* map() const;
};

struct List {
    std::vector<Value> items;
    // What prints or encodes in its own way (in Go: has a String or MarshalJSON method).
    std::optional<std::string> printed{};
    std::optional<std::string> json_text{};
};

// A Go map, or a struct: then its fields are all there are, and asking for another is an error.
struct Map {
    std::vector<std::pair<std::string, Value>> fields;
    std::string struct_name{};  // empty: a map
    std::optional<std::string> printed{};
    std::optional<std::string> json_text{};

    const Value* find(std::string_view key) const;
};

Value make_list(List list);
Value make_map(Map map);
// Objects become maps, whole numbers integers.
Value from_json(const json::Value& value);

// Go's rule for if, and, or, not: false, 0, "", nil and what is empty are false.
bool is_true(const Value& value);
// "string", "[]interface {}", ... for messages.
std::string type_name(const Value& value);
// As fmt's %v prints it; nil as "<nil>".
std::string to_text(const Value& value);
// As Go's encoding/json writes it: map keys sorted, <, > and & escaped.
std::string to_json(const Value& value);

}  // namespace moat::models::templates
