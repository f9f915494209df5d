#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "index/tokenizer.h"
#include "index/vector_index.h"

namespace moat::collections {

enum class DataType { text, integer, number, boolean, date, uuid, object };

// How text becomes terms. `word` also cuts Chinese into words, which no separator shows.
using index::Tokenization;  // word, whitespace, lowercase, field, trigram

using index::Distance;  // cosine, dot, l2_squared

struct Property {
    std::string name;
    DataType type = DataType::text;
    bool array = false;
    Tokenization tokenization = Tokenization::word;
    bool filterable = true;
    bool searchable = true;  // text only
};

inline constexpr std::size_t kMaxProperties = 2000;

struct Schema {
    std::string name;
    std::vector<Property> properties;
    Distance distance = Distance::cosine;
    std::size_t dimensions = 0;  // 0: set by the first vector

    const Property* find(std::string_view property) const;
};

std::string_view to_string(DataType type);

// Names are letters, digits and underscores (any script), not starting with a digit, at most 230
// bytes; properties are neither "id" nor start with "_", and at most kMaxProperties. Errors:
// invalid_argument, naming the part.
Status validate(const Property& property);
Status validate(const Schema& schema);

// The property a value asks for when nobody declared it: numbers are `number`, whole or not;
// text is `date` when it is RFC 3339, else `uuid` when it reads as one, else `text`; a list is
// judged by its first element, an empty one and null are text.
// Errors: invalid_argument (a list of lists).
Result<Property> infer_property(std::string_view name, const json::Value& value);

}  // namespace moat::collections
