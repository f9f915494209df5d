#pragma once

#include <memory>

#include "adapters/sqlite/catalog.h"
#include "adapters/sqlite/conversations.h"
#include "answers/answer_pipeline.h"
#include "answers/runtime_generator.h"
#include "app/config.h"
#include "app/model_services.h"
#include "knowledge/local_knowledge_bases.h"
#include "knowledge/runtime_embedder.h"

namespace moat::app {

// Knowledge bases, and the answers from them. Threads: any.
// Owns: catalog.db, collections/ and files/ in the data folder, and the parser's children.
// Borrows: the models and the clock.
class KnowledgeServices {
  public:
    // Errors: io, corrupt, conflict (a store is in use), unsupported (a newer version wrote it).
    static Result<std::unique_ptr<KnowledgeServices>> open(
        const Config& config, ModelServices& models, const Clock& clock
    );
    // Ends the ingest; what was queued goes on at the next start.
    ~KnowledgeServices();

    // Of the knowledge bases, and of whoever uses the server as a database.
    collections::Database& collections() { return *stores_.collections; }
    std::size_t collections_memory_limit() const { return stores_.memory_limit; }
    knowledge::LocalKnowledgeBases& bases() { return *bases_; }
    knowledge::Embedder& embedder() { return embedder_; }
    answers::Generator& generator() { return generator_; }
    answers::Answerer& answerer() { return *answerer_; }

  private:
    // What is opened first and may fail.
    struct Stores {
        std::unique_ptr<sqlite::Database> catalog;
        std::unique_ptr<collections::Database> collections;
        std::size_t memory_limit = 0;  // of the collections
        std::unique_ptr<documents::DocumentParser> parser;
    };
    static Result<Stores> open_stores(const Config& config);

    KnowledgeServices(
        const Config& config, Stores stores, ModelServices& models, const Clock& clock
    );
    Status open_bases(const Config& config, const Clock& clock);

    // Each borrows from those before it.
    Stores stores_;
    sqlite::Catalog catalog_;
    sqlite::Conversations conversations_;
    knowledge::RuntimeEmbedder embedder_;
    answers::RuntimeGenerator generator_;
    std::unique_ptr<knowledge::LocalKnowledgeBases> bases_;  // from open_bases() on
    std::unique_ptr<answers::Answerer> answerer_;            // likewise
};

}  // namespace moat::app
