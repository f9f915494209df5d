#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "index/row_set.h"

// Keys of the store (docs/formats/collections.md). Numbers are big-endian, so that keys sort as
// the numbers do.
namespace moat::collections {

using index::Row;
using CollectionNumber = std::uint32_t;
using PropertyNumber = std::uint16_t;
using VectorSlot = std::uint16_t;  // which of an object's vectors; 0: the unnamed one

// Properties every object has.
constexpr PropertyNumber kCreatedProperty = 0xFFFE;
constexpr PropertyNumber kUpdatedProperty = 0xFFFF;

// The column of a property's lengths.
constexpr PropertyNumber length_of(PropertyNumber property) {
    return static_cast<PropertyNumber>(property | 0x8000U);
}

void put_big_endian(std::string& out, std::uint64_t value, unsigned bytes);
std::uint64_t big_endian_of(std::string_view bytes);
// The first key after all that start with `prefix`. REQUIRES: a byte of it is not 0xFF.
std::string end_of_prefix(std::string_view prefix);

std::string collection_prefix(CollectionNumber collection);
std::string id_key(CollectionNumber collection, const Uuid& id);
std::string row_key(CollectionNumber collection, Row row);
std::string vector_key(CollectionNumber collection, Row row, VectorSlot slot);
std::string log_key(CollectionNumber collection, std::uint64_t sequence);

// Property and term in one string which sorts by both and is no prefix of another.
std::string term_name(PropertyNumber property, std::string_view term);
// What all terms of the property that start with `start` begin with.
std::string term_prefix(PropertyNumber property, std::string_view start);
std::string_view property_part(std::string_view term_name);
// The term in a term_name.
std::string term_of(std::string_view term_name);

std::string term_key(CollectionNumber collection, std::string_view term_name, Row segment);
std::string column_key(CollectionNumber collection, PropertyNumber property, Row segment);

}  // namespace moat::collections
