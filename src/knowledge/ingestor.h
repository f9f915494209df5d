#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/collection.h"
#include "documents/parser.h"
#include "knowledge/base_collections.h"
#include "knowledge/catalog.h"
#include "knowledge/content_store.h"
#include "knowledge/embedder.h"
#include "knowledge/originals.h"
#include "knowledge/striped_lock.h"

namespace moat::knowledge {

// Is it worth another attempt later?
bool may_pass(ErrorCode code);

// The work on one document: parse -> clean -> chunk -> embed -> one atomic write that replaces the
// chunks of its earlier content -> marked ready. Doing it twice gives the same objects, so work
// cut short at any point is simply done again.
//
// Threads: any, for different documents. Borrows: everything it is given.
class Ingestor {
  public:
    struct Parts {
        Catalog& catalog;
        const ContentStore& contents;
        Originals& originals;
        BaseCollections& collections;
        documents::DocumentParser& parser;
        Embedder& embedder;
        StripedLock& document_locks;  // held while the chunks of a document change
    };

    explicit Ingestor(Parts parts) : parts_(parts) {}

    // Called when a stage begins.
    using StageSink = std::function<void(Stage)>;

    // A failure of the embedding model that will not pass costs the vectors, not the document;
    // `last_attempt`: so does one that may.
    // Ok, too, when the document was changed or removed meanwhile: nothing is written then.
    // Errors: those of DocumentParser, Collection and Catalog; those of Embedder that may pass;
    //         too_large when there are more passages than one batch may hold.
    Status run(
        const StoredDocument& document,
        bool last_attempt,
        const StageSink& stage,
        std::stop_token stop
    );

  private:
    // A document on its way into the collection.
    struct Prepared {
        documents::Document document;  // without its blocks
        std::vector<collections::Property> properties;
        std::vector<collections::Object> chunks;
        std::vector<std::string> warnings;
        std::string embedding_model;
    };

    Result<Prepared> parse(const StoredDocument& document, std::stop_token stop);
    // Gives vectors to the chunks, those it had before where the text is the same.
    Status embed(const StoredDocument& document, Prepared& prepared, std::stop_token stop);
    Result<std::string> choose_model(const std::string& base);
    Status embed_missing(
        const std::string& model,
        const std::vector<std::size_t>& missing,
        std::vector<collections::Object>& chunks,
        std::stop_token stop
    );
    Status commit(const StoredDocument& document, Prepared prepared);
    // Takes out of `prepared` what a collection of this schema cannot hold, and says so.
    static void fit_to(const collections::Schema& schema, Prepared& prepared);
    static void keep_keywords_only(Prepared& prepared, std::string_view reason);
    // Takes the chunks out of `prepared`.
    Status replace_chunks(const StoredDocument& document, Prepared& prepared);

    Parts parts_;
};

}  // namespace moat::knowledge
