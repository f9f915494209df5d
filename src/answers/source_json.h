#pragma once

#include <vector>

#include "answers/answerer.h"
#include "base/json.h"

// Sources as JSON: the form in which conversations keep them and the API shows them.
namespace moat::answers {

json::Object to_json(const Source& source);
json::Array to_json(const std::vector<Source>& sources);
// What is missing or of another type stays at its default: the text is our own.
std::vector<Source> sources_from_json(const json::Value& value);

}  // namespace moat::answers
