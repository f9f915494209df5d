#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/principal.h"
#include "base/result.h"
#include "collections/filter.h"
#include "documents/chunker.h"

// Knowledge bases: documents, their passages, and search over them.
namespace moat::knowledge {

struct KnowledgeBase {
    std::string id;
    std::string name;
    std::string owner;            // principal id
    std::string embedding_model;  // empty: keyword search only
    std::int64_t documents = 0;
    std::int64_t chunks = 0;
    Time created_at;
};

enum class Stage { queued, parsing, embedding, indexing, ready, failed };

struct DocumentRecord {
    std::string id;
    std::string knowledge_base;  // id
    std::string name;            // path given at upload, '/'-separated
    std::string media_type;
    std::string sha256;
    std::int64_t bytes = 0;
    Stage stage = Stage::queued;
    std::string error;  // for people, when failed
    int attempts = 0;
    int pages = 0;
    std::int64_t chunks = 0;
    std::vector<std::string> warnings;
    Time updated_at;
};

// A retrieved chunk, with where it stands.
struct Passage {
    std::string knowledge_base;  // name
    std::string document_id;
    std::string document;  // name
    std::string title;
    std::vector<std::string> headings;
    int first_page = 0;
    int last_page = 0;
    std::size_t first_block = 0;
    std::size_t last_block = 0;
    std::vector<documents::Region> regions;
    std::string text;
    bool record = false;                 // of a table: a "name: value" on every line
    float score = 0;                     // fused
    std::optional<float> keyword_score;  // BM25
    std::optional<float> similarity;     // cosine, in [-1, 1]
};

struct PassageQuery {
    std::string text;
    std::size_t limit = 8;
    std::optional<float> alpha = {};  // unset: the knowledge base's default
    bool ranked_fusion = false;
    std::optional<collections::Filter> filter = {};
};

// Threads: any; calls block. Every call is checked against the principal: an admin sees all, a
//          user its own and those shared with it; what it may not see is not_found.
// Errors:  not_found, conflict (name taken), invalid_argument, too_large, forbidden, io.
class KnowledgeBases {
  public:
    virtual ~KnowledgeBases() = default;

    virtual Result<KnowledgeBase> create(const Principal& who, const std::string& name) = 0;
    virtual Result<std::vector<KnowledgeBase>> list(const Principal& who) = 0;
    virtual Result<KnowledgeBase> get(const Principal& who, const std::string& name) = 0;
    virtual Status remove(const Principal& who, const std::string& name) = 0;

    // Stores the bytes and queues the work; returns once both are on disk. A name that exists is
    // replaced when its new content is ready; equal content is not worked on again.
    virtual Result<DocumentRecord> add_document(
        const Principal& who, const std::string& kb, const std::string& name, std::string_view bytes
    ) = 0;
    virtual Result<std::vector<DocumentRecord>> documents(
        const Principal& who, const std::string& kb
    ) = 0;
    virtual Result<DocumentRecord> document(
        const Principal& who, const std::string& kb, const std::string& id
    ) = 0;
    virtual Status remove_document(
        const Principal& who, const std::string& kb, const std::string& id
    ) = 0;
    // The original bytes.
    virtual Result<std::string> content(
        const Principal& who, const std::string& kb, const std::string& id
    ) = 0;
    // All passages of a document in order, for showing a source in its place.
    virtual Result<std::vector<Passage>> passages(
        const Principal& who, const std::string& kb, const std::string& id
    ) = 0;

    virtual Result<std::vector<Passage>> search(
        const Principal& who, const std::string& kb, const PassageQuery& query, std::stop_token stop
    ) = 0;
};

}  // namespace moat::knowledge
