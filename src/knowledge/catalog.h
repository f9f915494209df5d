#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "knowledge/knowledge_bases.h"

// What the knowledge bases write down about themselves. Implemented in adapters/.
namespace moat::knowledge {

// A base and who may read it beside its owner.
struct BaseRecord {
    KnowledgeBase base;
    std::vector<std::string> readers;  // principal ids
};

// A document as it is stored; `revision` counts its contents.
struct StoredDocument {
    DocumentRecord record;
    std::int64_t revision = 0;
    std::string indexed_sha256;   // of the content that can be searched now; empty: none yet
    std::string embedding_model;  // its vectors are of; empty: it has none
};

struct NewDocument {
    std::string base;  // id
    std::string name;
    std::string sha256;
    std::int64_t bytes = 0;
};

// Work to do on a document. There is at most one job a document.
struct Job {
    std::int64_t number = 0;  // order of arrival
    std::string document;     // id
    Time not_before;
};

// How a job ended well.
struct Indexed {
    std::string document;  // id
    std::int64_t revision = 0;
    std::string media_type;
    int pages = 0;
    std::int64_t chunks = 0;
    std::vector<std::string> warnings;
    std::string embedding_model;
};

// Objects in the store which no document stands behind any more. It is written down together with
// the removal, so that a removal cut short by a crash is finished at the next start.
struct Garbage {
    std::int64_t number = 0;
    std::string base;      // id
    std::string document;  // id; empty: the whole collection
};

// Threads: any. Every change is on disk when its call returns, whole or not at all.
// Errors:  io, busy, corrupt, internal; what else is said at the method.
class Catalog {
  public:
    virtual ~Catalog() = default;

    // Errors: conflict when the name is taken.
    virtual Status add_base(const KnowledgeBase& base) = 0;
    // Errors: not_found.
    virtual Result<BaseRecord> find_base(const std::string& name) = 0;
    // Errors: not_found.
    virtual Result<BaseRecord> find_base_by_id(const std::string& id) = 0;
    // By name.
    virtual Result<std::vector<BaseRecord>> bases() = 0;
    virtual Status set_readers(
        const std::string& base, const std::vector<std::string>& readers
    ) = 0;
    // Only the first call on a base counts; the model it then has.
    virtual Result<std::string> set_embedding_model(
        const std::string& base, const std::string& model
    ) = 0;
    // With its documents and jobs; leaves garbage behind.
    virtual Status remove_base(const std::string& base) = 0;

    // Makes or changes the document of this name and queues a job for it. Equal content that is
    // ready or queued changes nothing.
    virtual Result<StoredDocument> put_document(const NewDocument& document) = 0;
    // Errors: not_found.
    virtual Result<StoredDocument> document(const std::string& id) = 0;
    // Of one base, by name.
    virtual Result<std::vector<StoredDocument>> documents(const std::string& base) = 0;
    // Leaves garbage behind. Errors: not_found.
    virtual Status remove_document(const std::string& id) = 0;
    // Does a document hold this content, as its latest or as its searchable one?
    virtual Result<bool> uses_content(const std::string& sha256) = 0;

    // At most `limit`, those due soonest first, in order of arrival among equals.
    virtual Result<std::vector<Job>> jobs(std::size_t limit) = 0;
    // Counts one more attempt; the document as it stands now. Errors: not_found when its job is
    // gone.
    virtual Result<StoredDocument> begin_job(const std::string& document) = 0;
    // False: the document has been changed or removed since; the job, if any, stays.
    virtual Result<bool> finish_job(const Indexed& result) = 0;
    // For good; a document that can be searched stays ready. False as above.
    virtual Result<bool> fail_job(
        const std::string& document, std::int64_t revision, const std::string& error
    ) = 0;
    // To be tried again; `uncount` takes the attempt back (the server stopped in the middle).
    virtual Status postpone_job(const std::string& document, Time not_before, bool uncount) = 0;
    // Queues a job for every ready document of the base that has no vectors of `model`.
    virtual Result<std::int64_t> queue_embedding(
        const std::string& base, const std::string& model
    ) = 0;

    virtual Result<std::vector<Garbage>> garbage() = 0;
    virtual Status garbage_removed(std::int64_t number) = 0;
};

std::string_view to_string(Stage stage);
// Errors: corrupt.
Result<Stage> parse_stage(std::string_view text);

}  // namespace moat::knowledge
