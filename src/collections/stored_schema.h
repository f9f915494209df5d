#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/keys.h"
#include "collections/schema.h"

namespace moat::collections {

// A schema as the stored form needs it: with numbers for what is in keys, and with the names that
// values have inside stored objects. Both are never given out twice, so a property can be renamed,
// dropped or changed without touching the objects.
struct StoredSchema {
    struct Field {
        PropertyNumber number = 0;
        std::string key;         // of the values in stored objects; mostly the name
        bool converted = false;  // objects may hold values of a former type

        bool operator==(const Field&) const = default;
    };
    // A change of a property that the background works on: writes fill both indexes meanwhile.
    struct Change {
        Property changed;  // its name says which property
        PropertyNumber number = 0;
        Row end = 0;  // rows before this are in the new index when the change is finished
    };

    CollectionNumber number = 0;
    Schema schema;
    std::vector<Field> fields;      // of schema.properties, in order
    std::vector<VectorSlot> slots;  // of schema.vectors, in order
    std::vector<Change> changes;
    std::set<std::string, std::less<>> former_keys;  // keys of dropped properties
    std::vector<PropertyNumber> former_numbers;      // whose index entries are to be erased
    std::vector<VectorSlot> former_slots;            // likewise, vectors
    PropertyNumber next_property = 0;
    VectorSlot next_slot = 1;

    static StoredSchema make(CollectionNumber number, const Schema& schema);
    // Errors: too_large (all numbers are used up).
    Status add(const Property& property);
    Result<PropertyNumber> take_number();
    void add_vector(const NamedVector& vector);
    // False when there is no such vector.
    bool drop_vector(std::string_view vector);
    bool has_slot(VectorSlot slot) const;  // 0, the unnamed one, always is

    std::size_t place_of(const Property& property) const {
        return static_cast<std::size_t>(&property - schema.properties.data());
    }
    PropertyNumber number_of(const Property& property) const {
        return fields[place_of(property)].number;
    }
    std::optional<std::size_t> find(std::string_view property) const;
    const Change* change_of(std::string_view property) const;
    // Nothing when there is no such vector; the empty name is the unnamed one.
    std::optional<VectorSlot> slot_of(std::string_view vector) const;
    // Whether stored objects read as they are.
    bool objects_are_plain() const;

    std::string to_json() const;
    // Errors: corrupt, unsupported (written by a newer version).
    static Result<StoredSchema> from_json(std::string_view text);

  private:
    std::string free_key(const Property& property, PropertyNumber taken) const;
};

}  // namespace moat::collections
