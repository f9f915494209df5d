#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "collections/collection.h"
#include "collections/state.h"
#include "index/tokenizer.h"
#include "index/top_rows.h"

namespace moat::collections {

// Answers one request from one state.
// Borrows: both. Threads: any. Errors: those of Collection::search().
class Searcher {
  public:
    Searcher(const CollectionState& state, const index::Tokenizer& tokenizer)
        : state_(state), tokenizer_(tokenizer) {}

    Result<SearchResult> search(const SearchRequest& request) const;

    Result<Object> load(Row row, bool with_vector) const;
    // The live rows that pass, or all of them.
    Result<index::RowSet> allowed(const std::optional<Filter>& filter) const;

  private:
    struct Lists;

    Status check(const SearchRequest& request) const;
    Result<std::vector<index::ScoredRow>> keyword_leg(
        const SearchRequest& request, const index::RowSet& rows, std::size_t limit
    ) const;
    std::vector<index::ScoredRow> vector_leg(
        const SearchRequest& request, index::RowSet rows, std::size_t limit
    ) const;
    Status collect(const SearchRequest& request, Lists& lists) const;
    Status collect_property(
        const Property& property, double boost, const std::string& query, Lists& lists
    ) const;
    Result<std::vector<std::pair<const Property*, double>>> searched_properties(
        const SearchRequest& request
    ) const;
    std::vector<index::ScoredRow> fuse(
        const SearchRequest& request, std::span<const index::Leg> legs
    ) const;

    const CollectionState& state_;
    const index::Tokenizer& tokenizer_;
};

}  // namespace moat::collections
