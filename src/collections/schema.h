#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moat::collections {

enum class DataType { text, integer, number, boolean, date, uuid, object };

// How text becomes terms. `word` also cuts Chinese into words, which no separator shows.
enum class Tokenization { word, whitespace, lowercase, field, trigram };

enum class Distance { cosine, dot, l2_squared };

struct Property {
    std::string name;
    DataType type = DataType::text;
    bool array = false;
    Tokenization tokenization = Tokenization::word;
    bool filterable = true;
    bool searchable = true;  // text only
};

struct Schema {
    std::string name;
    std::vector<Property> properties;
    Distance distance = Distance::cosine;
    std::size_t dimensions = 0;  // 0: set by the first vector
};

}  // namespace moat::collections
