#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/collection.h"

// Objects as stored bytes (docs/formats/collections.md, "object"): versioned, with a checksum;
// the vector is kept elsewhere. Doubles keep all their bits. Threads: any.
namespace moat::collections {

std::string encode_properties(const json::Object& properties);
// Only the id of a stored object. Errors: corrupt, unsupported.
Result<Uuid> decode_id(std::string_view bytes);
// Errors: corrupt.
Result<json::Object> decode_properties(std::string_view bytes);
// `properties`: of encode_properties().
std::string encode_object(
    const Uuid& id, std::int64_t created_ms, std::int64_t updated_ms, std::string_view properties
);
// Errors: corrupt, unsupported.
Result<Object> decode_object(std::string_view bytes);

std::string encode_vector(std::span<const float> vector);
Result<std::vector<float>> decode_vector(std::string_view bytes);

}  // namespace moat::collections
