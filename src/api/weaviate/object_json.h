#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "collections/schema.h"
#include "collections/search.h"

// Objects as Weaviate's JSON writes them. Threads: any (pure).
namespace moat::api::weaviate {

struct GivenObject {
    std::string class_name;
    std::string tenant;
    bool has_id = false;  // else the server makes one
    collections::Object object;
    std::vector<std::string> nulls;  // properties given as null: a merge takes them away
};

// Errors: invalid_argument, naming the part.
Result<GivenObject> read_object(const json::Value& body);
// A list of numbers that fit 32 bits. Errors: invalid_argument.
Result<std::vector<float>> read_vector(const json::Value& value);

json::Object object_json(
    const collections::Schema& schema,
    const std::string& tenant,
    const collections::Object& object,
    bool with_vectors
);

// A property's value in JSON: references become beacons.
json::Value value_json(
    const collections::Schema& schema, std::string_view property, const json::Value& value
);
// The objects a stored reference points to. What cannot be read is left out.
struct Target {
    std::string class_name;
    Uuid id;
};
std::vector<Target> targets_of(const json::Value& value);

// The shortest text of each number that reads back to the same 32 bits.
json::Array vector_json(const std::vector<float>& vector);

}  // namespace moat::api::weaviate
