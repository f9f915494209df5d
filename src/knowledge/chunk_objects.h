#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/collection.h"
#include "collections/schema.h"
#include "documents/chunker.h"
#include "knowledge/knowledge_bases.h"

// How a chunk stands in a collection: one collection a knowledge base, one object a chunk.
//
// Threads: any (pure).
namespace moat::knowledge {

// Of the base with this id.
std::string collection_name(const std::string& base);
// Could this be one of those? Others who share the database keep away from such names.
bool is_base_collection(std::string_view name);
collections::Schema chunk_schema(const std::string& base);
// The searchable properties and what a hit in each is worth.
std::vector<std::pair<std::string, float>> searched_properties();

// Every chunk of the document.
collections::Filter of_document(const std::string& document_id);

struct DocumentFacts {
    std::string id;
    std::string name;
    std::string title;
};

// What a model sees of a chunk: its headings, then its text.
std::string embedded_text(const documents::Chunk& chunk);
// Objects without vectors, in order. The id of one follows from the document and its text, so a
// chunk that did not change keeps its id.
std::vector<collections::Object> to_objects(
    const DocumentFacts& document, const std::vector<documents::Chunk>& chunks
);
// Names the embedded text, to find a vector made before.
std::string text_digest(const collections::Object& object);
std::string embedded_text(const collections::Object& object);
std::int64_t ordinal(const collections::Object& object);

// `base` is the name people use.
Passage to_passage(const std::string& base, const collections::Object& object);

}  // namespace moat::knowledge
