#pragma once

#include <weaviate_v1.pb.h>

#include "api/weaviate/object_json.h"
#include "base/json.h"
#include "base/result.h"
#include "collections/schema.h"

// Values of properties in gRPC messages. Threads: any (pure).
namespace moat::api::weaviate {

namespace wire = ::weaviate::v1;

// The kind is the property's: an integer as int_value, a date as date_value. `property` nullptr:
// the kind the value has in JSON.
void write_value(const collections::Property* property, const json::Value& value, wire::Value& out);
// Every property of an object of this type but references.
void write_properties(
    const std::vector<collections::Property>& types,
    const json::Object& value,
    wire::Properties& out
);

// An object to be written. Errors: invalid_argument.
Result<GivenObject> read_object(const wire::BatchObject& from);

}  // namespace moat::api::weaviate
