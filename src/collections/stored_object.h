#pragma once

#include <optional>

#include "base/json.h"
#include "collections/stored_schema.h"

// The properties of objects between the names of the schema and the form that is stored, where
// values stand under the keys of StoredSchema. Threads: any.
namespace moat::collections {

// REQUIRES: normalised properties.
void to_stored(const StoredSchema& schema, json::Object& properties);

// Values of dropped properties go, those of a former type are converted; such as cannot be are
// left out. (A change of type is given up when there is one, so that none is lost.)
void from_stored(const StoredSchema& schema, json::Object& properties);

// Whether any value of `from` might be read as `to`.
bool is_convertible(const Property& from, const Property& to);
// `value` as `property` wants it, or nothing when it says something else; null is null.
std::optional<json::Value> converted(const Property& property, const json::Value& value);

}  // namespace moat::collections
