#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/principal.h"
#include "base/result.h"
#include "collections/schema.h"
#include "collections/search.h"
#include "knowledge/embedder.h"

namespace moat::api::weaviate {

// Makes the vectors of classes whose vectorizer is a text2vec-* module, by an installed embedding
// model: the one the class was made with, so that its vectors stay comparable.
//
// Threads: any; calls block on the model. Borrows: the embedder.
// Errors: not_found, when there is no embedding model, or no longer that one; invalid_argument,
// when
//         its vectors have not the length of the class's; those of the embedder.
class Vectorizer {
  public:
    explicit Vectorizer(knowledge::Embedder& embedder) : embedder_(embedder) {}

    // Notes in a new schema which model makes its vectors. Nothing when it has no vectorizer.
    void choose_model(collections::Schema& schema) const;

    // Gives the objects the vectors they lack and the schema makes, of their text properties in
    // the order of their names. Embeds in batches.
    Status fill(
        const Principal& who,
        const collections::Schema& schema,
        std::span<collections::Object* const> objects,
        std::stop_token stop
    ) const;

    // One vector for each text. `vector`: the name of one, or empty. Of a class without a
    // vectorizer by the server's embedding model: its vectors may well be of the same one.
    Result<std::vector<std::vector<float>>> embed(
        const Principal& who,
        const collections::Schema& schema,
        std::string_view vector,
        const std::vector<std::string>& texts,
        std::stop_token stop
    ) const;

  private:
    Result<std::string> model_of(const collections::Schema& schema, std::string_view vector) const;
    Status fill_one(
        const Principal& who,
        const collections::Schema& schema,
        std::string_view vector,
        std::span<collections::Object* const> objects,
        std::stop_token stop
    ) const;

    knowledge::Embedder& embedder_;
};

// The vectors of the schema that a vectorizer makes, by name; "" for the unnamed one.
std::vector<std::string> made_vectors(const collections::Schema& schema);

}  // namespace moat::api::weaviate
