#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "collections/object_reader.h"
#include "collections/search.h"
#include "collections/term_reader.h"
#include "index/keyword_search.h"
#include "index/top_rows.h"

namespace moat::collections {

// The keyword side of one search: the terms of the query in each searched property, with their
// posting lists.
//
// Borrows: the state and the context. One thread. Errors: invalid_argument (a property that is not
// searchable), io, corrupt.
class KeywordQuery {
  public:
    static Result<KeywordQuery> make(
        const CollectionState& state, const SearchContext& context, const SearchRequest& request
    );
    KeywordQuery(KeywordQuery&&) = default;
    KeywordQuery(const KeywordQuery&) = delete;

    // The best rows of `allowed`, best first.
    Result<std::vector<index::ScoredRow>> run(const index::RowSet& allowed, std::size_t limit)
        const;
    // What each term adds to the score of a row, as text.
    Result<std::string> explain(Row row) const;
    // A line on what there is to search.
    std::string plan() const;

  private:
    struct Term {
        std::string text;
        std::string property;
        Tokenization tokenization = Tokenization::word;
        FoundTerm found;  // keeps the bytes which the lists view
    };

    KeywordQuery(const CollectionState& state, const SearchContext& context)
        : state_(&state),
          context_(&context),
          reader_(state),
          by_segment_(reader_.segment_count()) {}

    Status collect(const SearchRequest& request);
    Status collect_property(const Property& property, double boost, const std::string& query);
    // The rows that have enough of the terms.
    Result<index::RowSet> with_enough_terms() const;
    Result<index::RowSet> rows_of(const std::vector<const Term*>& terms) const;

    const CollectionState* state_;
    const SearchContext* context_;
    TermReader reader_;
    std::vector<index::QueryTerm> query_terms_;
    std::deque<Term> terms_;  // of query_terms_
    std::vector<std::vector<index::TermPostings>> by_segment_;
    std::size_t least_terms_ = 0;
    // Distinct terms that the query has by each tokenization, found or not.
    std::map<Tokenization, std::size_t> said_;
    bool every_term_ = false;
};

// The properties a request searches, with their boosts. Errors: invalid_argument.
Result<std::vector<std::pair<const Property*, double>>> searched_properties(
    const Schema& schema, const SearchRequest& request
);

}  // namespace moat::collections
