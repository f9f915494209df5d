#pragma once

#include "base/json.h"
#include "base/result.h"

namespace moat::inference {

// Refuses JSON schemas (an answer's format, a list of tools) that would keep a runner busy or end
// it when llama.cpp makes a grammar of them: it copies the names of an object's optional properties
// once for every pair of them, joins those of an allOf, writes the path of names at every node,
// repeats a schema for each of its types, follows a $ref that leads to itself without end, reads
// what is behind a $ref inside what refers to it, and once more for every way that leads there.
//
// Nothing that describes an answer comes near: 256 properties of one object, names and paths of a
// sane length, and together no more work than a second of one core.
// Threads: any. Errors: invalid_argument.
Status check_schema(const json::Value& schema);

}  // namespace moat::inference
