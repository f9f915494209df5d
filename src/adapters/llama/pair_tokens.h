#pragma once

#include <cstddef>
#include <string>

#include "adapters/llama/model.h"

namespace moat::adapters::llama {

// A query and a document as one text, in the form a reranker was trained on: by the "rerank"
// template of its file ({query}, {document}), or with the vocabulary's own marks: begin, query,
// end, separator, document, end. Threads: one at a time. Borrows: the model.
class PairTokens {
  public:
    PairTokens(const Model& model, std::string query);

    // A document that would take the pair over `most` tokens is cut; a query that alone does so
    // leaves the pair longer than that.
    Tokens with(const std::string& document, std::size_t most) const;

  private:
    Tokens whole(const std::string& document) const;

    const Model& model_;
    const std::string query_;
    std::string template_;  // empty: marks
    Tokens front_;          // all before the document, without a template
    llama_token end_ = LLAMA_TOKEN_NULL;
};

}  // namespace moat::adapters::llama
