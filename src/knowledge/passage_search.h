#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/principal.h"
#include "base/result.h"
#include "knowledge/base_collections.h"
#include "knowledge/embedder.h"
#include "knowledge/knowledge_bases.h"

namespace moat::knowledge {

// Search over the passages of one knowledge base: keywords always, meaning beside them when the
// base has vectors and its model can read the question.
//
// The caller has checked that `who` may read the base.
// Threads: any. Borrows: everything it is given. Errors: invalid_argument, and those of Collection;
//          a failing embedding model costs the vector side, not the search.
class PassageSearch {
  public:
    static constexpr std::size_t kMaxLimit = 200;
    static constexpr std::size_t kMaxQueryBytes = 32'768;

    PassageSearch(BaseCollections& collections, Embedder& embedder)
        : collections_(collections), embedder_(embedder) {}

    Result<std::vector<Passage>> run(
        const Principal& who,
        const KnowledgeBase& base,
        const PassageQuery& query,
        std::stop_token stop
    );

  private:
    // Empty: search by keywords only.
    Result<std::vector<float>> query_vector(
        const Principal& who,
        const KnowledgeBase& base,
        const PassageQuery& query,
        std::stop_token stop
    );

    BaseCollections& collections_;
    Embedder& embedder_;
};

}  // namespace moat::knowledge
