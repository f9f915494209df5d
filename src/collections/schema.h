#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "index/keyword_search.h"
#include "index/tokenizer.h"
#include "index/vector_index.h"

namespace moat::collections {

enum class DataType {
    text,
    integer,
    number,
    boolean,
    date,  // RFC 3339, kept as written
    uuid,
    object,     // `nested` says what may be in it; kept, and only asked whether it is there
    blob,       // base64 text, kept and not indexed
    geo,        // {"latitude": degrees, "longitude": degrees}
    reference,  // always a list; see reference_text()
};

// How text becomes terms. `word` also cuts Chinese into words, which no separator shows.
using index::Tokenization;

using index::Bm25;
using index::CodeWidth;
using index::Distance;

struct Property {
    std::string name;
    DataType type = DataType::text;
    bool array = false;
    Tokenization tokenization = Tokenization::word;
    bool filterable = true;
    bool searchable = true;  // text only
    std::string description = {};
    std::vector<Property> nested = {};      // of an object; empty: anything may be in it
    std::vector<std::string> targets = {};  // of a reference: the collections it may point to
    json::Object wire = {};                 // what a protocol wants to hear again; not looked at
};

// A further vector of each object, with a name.
struct NamedVector {
    std::string name;
    Distance distance = Distance::cosine;
    std::size_t dimensions = 0;  // 0: set by the first vector
    json::Object wire = {};
    std::optional<CodeWidth> code_width = {};  // nothing: as the memory has room
};

// Words that a query may say and that are not looked for. They stay in the index.
struct Stopwords {
    bool english = false;  // Lucene's list
    std::vector<std::string> additions = {};
    std::vector<std::string> removals = {};  // from the English list

    bool operator==(const Stopwords&) const = default;
};

// Objects are gone `after` the time in `property`: "_created_ms", "_updated_ms" or a date property;
// objects without that property stay.
struct TimeToLive {
    std::string property = "_created_ms";
    std::chrono::seconds after{0};

    bool operator==(const TimeToLive&) const = default;
};

// A collection of tenants: each has objects of its own, and nothing is seen across them.
struct Tenancy {
    bool enabled = false;
    bool create_on_write = false;  // a tenant which a write names
    bool activate_on_use = false;  // a cold one which is asked for

    bool operator==(const Tenancy&) const = default;
};

inline constexpr std::size_t kMaxProperties = 2000;
inline constexpr std::size_t kMaxNamedVectors = 64;

struct Schema {
    std::string name;
    std::vector<Property> properties;
    Distance distance = Distance::cosine;  // of the unnamed vector
    std::size_t dimensions = 0;            // 0: set by the first vector
    std::optional<CodeWidth> code_width = {};
    std::vector<NamedVector> vectors = {};
    std::string description = {};
    Bm25 bm25 = {};
    Stopwords stopwords = {};
    // Lengths of values are indexed, for len() in filters. Null states and times always are.
    bool index_lengths = false;
    std::optional<TimeToLive> ttl = {};
    Tenancy tenancy = {};
    json::Object wire = {};  // what a protocol wants to hear again; not looked at

    const Property* find(std::string_view property) const;
    const NamedVector* find_vector(std::string_view vector) const;
};

std::string_view to_string(DataType type);
// Whether both are indexed the same way, and hold the same kind of values.
bool same_index(const Property& a, const Property& b);

// Names are letters, digits and underscores (any script), not starting with a digit, at most 230
// bytes; properties are none of "id", "_id", "_additional", "_created_ms" and "_updated_ms", and at
// most kMaxProperties. Errors: invalid_argument, naming the part.
Status validate(const Property& property);
Status validate(const Schema& schema);

// A reference as it is stored: "Collection/uuid". Taken are that and {"beacon":
// "weaviate://localhost/Collection/uuid"}; where there is but one target, it may be left out.
// Errors: invalid_argument.
Result<std::string> reference_text(const Property& property, const json::Value& value);

// The property a value asks for when nobody declared it: numbers are `number`, whole or not;
// text is `date` when it is RFC 3339 of 20 bytes or more, else `uuid` when it reads as one, else
// `text`; an object of exactly latitude and longitude is `geo`, else `object` with what is in it;
// a list is judged by its first element, an empty one and null are text; a list of {"beacon"} is a
// reference. Errors: invalid_argument (a list of lists).
Result<Property> infer_property(std::string_view name, const json::Value& value);

// `known` with what `value` needs besides: members of nested objects, targets of references.
// Nothing when it needs nothing. Errors: invalid_argument.
Result<std::optional<Property>> widen_property(const Property& known, const json::Value& value);

}  // namespace moat::collections
