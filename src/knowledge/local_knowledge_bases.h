#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "knowledge/base_collections.h"
#include "knowledge/catalog.h"
#include "knowledge/content_store.h"
#include "knowledge/embedder.h"
#include "knowledge/ingest_queue.h"
#include "knowledge/ingestor.h"
#include "knowledge/knowledge_bases.h"
#include "knowledge/originals.h"
#include "knowledge/passage_search.h"
#include "knowledge/progress_board.h"
#include "knowledge/striped_lock.h"

namespace moat::knowledge {

// The knowledge bases of one data folder: a catalog, the original files, one collection a base, and
// the queue that fills them.
//
// Threads: any. Borrows: all of Parts. Owns: the folder `files` and the queue's threads.
class LocalKnowledgeBases final : public KnowledgeBases {
  public:
    struct Parts {
        Catalog& catalog;
        collections::Database& database;
        documents::DocumentParser& parser;
        Embedder& embedder;
        const Clock& clock;
        std::filesystem::path files;  // folder of the originals
        IngestSettings ingest;
    };

    // Finishes removals that a crash cut short. Errors: io, corrupt, and those of the parts.
    static Result<std::unique_ptr<LocalKnowledgeBases>> open(Parts parts);

    // Begins to work through the queue, and ends that. Both may be left out; the destructor stops.
    void start() { queue_.start(); }
    void stop() { queue_.stop(); }

    Result<KnowledgeBase> create(const Principal& who, const std::string& name) override;
    Result<std::vector<KnowledgeBase>> list(const Principal& who) override;
    Result<KnowledgeBase> get(const Principal& who, const std::string& name) override;
    Status remove(const Principal& who, const std::string& name) override;

    Result<DocumentRecord> add_document(
        const Principal& who, const std::string& kb, const std::string& name, std::string_view bytes
    ) override;
    Result<std::vector<DocumentRecord>> documents(const Principal& who, const std::string& kb)
        override;
    Result<DocumentRecord> document(
        const Principal& who, const std::string& kb, const std::string& id
    ) override;
    Status remove_document(const Principal& who, const std::string& kb, const std::string& id)
        override;
    Result<std::string> content(const Principal& who, const std::string& kb, const std::string& id)
        override;
    Result<std::vector<Passage>> passages(
        const Principal& who, const std::string& kb, const std::string& id
    ) override;

    Result<std::vector<Passage>> search(
        const Principal& who, const std::string& kb, const PassageQuery& query, std::stop_token stop
    ) override;

  private:
    LocalKnowledgeBases(Parts parts, ContentStore contents);

    // Errors: not_found for what `who` may not see.
    Result<BaseRecord> readable(const Principal& who, const std::string& kb);
    // Errors: forbidden for a reader.
    Result<BaseRecord> writable(const Principal& who, const std::string& kb);
    Result<StoredDocument> stored(const BaseRecord& base, const std::string& id);
    DocumentRecord shown(StoredDocument document) const;
    Status tidy();
    Status remove_garbage(const Garbage& garbage);

    Parts parts_;
    const ContentStore contents_;
    Originals originals_;
    BaseCollections collections_;
    PassageSearch search_;
    ProgressBoard progress_;
    StripedLock document_locks_;
    Ingestor ingestor_;
    IngestQueue queue_;  // last: its threads use all of the above
};

}  // namespace moat::knowledge
