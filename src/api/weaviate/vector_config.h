#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "collections/schema.h"

// The vector side of a class in Weaviate's words: index type, settings, distance, vectorizer.
// Threads: any (pure).
namespace moat::api::weaviate {

std::string_view to_text(collections::Distance distance);
// Errors: invalid_argument, naming those there are.
Result<collections::Distance> parse_distance(std::string_view text);

// A vector as its class or vectorConfig.NAME tells it.
struct VectorConfig {
    collections::Distance distance = collections::Distance::cosine;
    // Of pq, bq, sq and rq, which of them is enabled: what has fewer than eight bits there has four
    // here. Nothing enabled: as the memory has room.
    std::optional<collections::CodeWidth> code_width;
    std::string vectorizer = "none";  // a module's name
    json::Object wire;                // vectorIndexType, vectorIndexConfig, moduleConfig of it
};
// Of the class itself (vectorizer is a text, its settings are in moduleConfig) or of a named vector
// (vectorizer is an object with one member). Errors: invalid_argument.
Result<VectorConfig> read_class_vector(const json::Value& body);
Result<VectorConfig> read_named_vector(std::string_view name, const json::Value& body);

// "hnsw" where nothing else was said, and its settings: what was given over Weaviate's defaults.
std::string index_type_of(const json::Object& wire);
json::Object index_config_of(const json::Object& wire, collections::Distance distance);

// Does the module make vectors of texts? Every text2vec-* is served by the embedding model here.
bool embeds_text(std::string_view vectorizer);

}  // namespace moat::api::weaviate
