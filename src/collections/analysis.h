#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "collections/collection.h"
#include "collections/stored_schema.h"
#include "index/tokenizer.h"

namespace moat::collections {

// What the indexes hold of one object.
struct AnalysedObject {
    struct Term {
        std::string name;  // term_name()
        std::uint32_t frequency = 1;
        std::uint32_t length = 1;  // terms in the property
    };
    struct Value {
        PropertyNumber property = 0;
        std::optional<std::uint64_t> bits;  // as in Column
    };
    struct Length {
        PropertyNumber property = 0;
        std::uint32_t terms = 0;
    };

    std::vector<Term> terms;      // each name once
    std::vector<Value> values;    // lists give several
    std::vector<Length> lengths;  // of searchable properties that have terms
};

// Checks the properties against the schema and writes them in the one form that is stored (a
// whole number for `integer`). Errors: invalid_argument, naming the property.
Status normalise_properties(const Schema& schema, json::Object& properties);

// The same for one value; null is fine.
Status normalise_value(const Property& property, json::Value& value);

// REQUIRES: properties in the stored form. Those that the schema does not have are passed over;
// properties that are being changed are analysed both ways.
AnalysedObject analyse(
    const StoredSchema& schema, const index::Tokenizer& tokenizer, const json::Object& properties
);

// Only what the new index of a property that is being changed holds of the object.
AnalysedObject analyse_changed(
    const StoredSchema& schema,
    const StoredSchema::Change& change,
    const index::Tokenizer& tokenizer,
    const json::Object& properties
);

// A place as Column stores it: the latitude in the upper half, so that the values sort by it.
// Nothing outside of [-90, 90] and [-180, 180] degrees.
std::optional<std::uint64_t> geo_bits(double latitude, double longitude);
struct Place {
    double latitude = 0;
    double longitude = 0;
};
Place place_of(std::uint64_t bits);

// A scalar of a numeric type as Column stores it; nothing when it is of another type.
std::optional<std::uint64_t> column_bits(DataType type, const json::Value& value);

}  // namespace moat::collections
