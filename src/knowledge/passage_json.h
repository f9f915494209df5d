#pragma once

#include <vector>

#include "base/json.h"
#include "documents/chunker.h"

// Where a passage stands on its pages, as JSON: [{page,left,top,right,bottom}, ...] in points.
namespace moat::knowledge {

json::Array regions_to_json(const std::vector<documents::Region>& regions);
// What is missing or of another type reads as 0: the text is our own.
std::vector<documents::Region> regions_from_json(const json::Value& value);

}  // namespace moat::knowledge
