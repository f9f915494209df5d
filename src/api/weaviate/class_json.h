#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "collections/schema.h"

// A class as Weaviate's clients write and read it, and the schema it stands for. What the schema
// does not know is kept in its `wire` and told again. Threads: any (pure).
namespace moat::api::weaviate {

// Unknown members are ignored; keys match without case. Errors: invalid_argument; unsupported, for
// types and modules that are not here.
Result<collections::Schema> read_class(const json::Value& body);
// Every member that the clients look for.
json::Object class_json(const collections::Schema& schema);

// A text property says {"textAnalyzer":{"stemming":"english"}} beside its tokenization `word`.
Result<collections::Property> read_property(const json::Value& body);
json::Object property_json(const collections::Property& property);

// The name of the module that makes the vectors of a class, "none" where they come from outside.
// `vector`: the name of one, or empty.
std::string vectorizer_of(const collections::Schema& schema, std::string_view vector);
// Its settings, an object or empty.
json::Object vectorizer_settings(const collections::Schema& schema, std::string_view vector);

}  // namespace moat::api::weaviate
