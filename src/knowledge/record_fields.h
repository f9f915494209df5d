#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "collections/filter.h"
#include "collections/schema.h"
#include "documents/chunker.h"

// Columns of a CSV file as properties of its rows, so that searches can filter by them.
//
// Threads: any (pure).
namespace moat::knowledge {

// A document's columns beyond this many stay text only.
inline constexpr std::size_t kMaxFields = 64;

// The property a column is kept in: a name every protocol can carry, the same for the same header.
std::string field_property(std::string_view header);
// Where its values stand as numbers, when they are.
std::string field_number_property(std::string_view header);

// The properties these chunks need for their fields.
std::vector<collections::Property> field_properties(const std::vector<documents::Chunk>& chunks);
void add_fields(
    json::Object& properties, std::span<const std::pair<std::string, std::string>> fields
);

// A filter as users write it, naming columns by their headers, as one over properties. Names in
// `known` keep their meaning. Errors: invalid_argument when nested too deep.
Result<collections::Filter> resolve_filter(
    const collections::Filter& filter, const std::vector<collections::Property>& known
);

}  // namespace moat::knowledge
