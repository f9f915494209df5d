#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/keys.h"
#include "collections/schema.h"

namespace moat::collections {

// A schema with the numbers that its stored form uses. A number is never given out twice, so a
// property can later be renamed or dropped without touching what is stored.
struct StoredSchema {
    CollectionNumber number = 0;
    Schema schema;
    std::vector<PropertyNumber> numbers;  // of schema.properties, in order
    PropertyNumber next_property = 0;

    static StoredSchema make(CollectionNumber number, const Schema& schema);
    void add(const Property& property);
    PropertyNumber number_of(const Property& property) const {
        return numbers[static_cast<std::size_t>(&property - schema.properties.data())];
    }

    std::string to_json() const;
    // Errors: corrupt, unsupported (written by a newer version).
    static Result<StoredSchema> from_json(std::string_view text);
};

}  // namespace moat::collections
