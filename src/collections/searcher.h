#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "collections/keyword_query.h"
#include "collections/object_reader.h"
#include "collections/search.h"
#include "collections/state.h"
#include "index/top_rows.h"

namespace moat::collections {

// The live rows that pass the filter and have not outlived their time.
// Errors: those of FilterEvaluator.
Result<index::RowSet> allowed_rows(
    const CollectionState& state, const SearchContext& context, const std::optional<Filter>& filter
);

// Answers one request from one state.
// Borrows: all. Threads: any; the two sides of a hybrid search run beside each other.
// Errors: those of Collection::search().
class Searcher {
  public:
    Searcher(const CollectionState& state, const SearchContext& context)
        : state_(state), context_(context), objects_(state) {}

    Result<SearchResult> search(const SearchRequest& request) const;
    // Only the rows, best first, from the first on; offset, sort and group_by do not count.
    Result<std::vector<index::ScoredRow>> rank(const SearchRequest& request) const;

  private:
    // What a request comes to.
    struct Found {
        std::vector<index::ScoredRow> words;
        std::vector<index::ScoredRow> near;
        std::vector<index::ScoredRow> ranked;
        std::optional<KeywordQuery> keywords;
        std::vector<std::string> plan;
    };
    // The vector side of a request.
    struct Target {
        VectorSlot slot = 0;
        index::Distance distance = index::Distance::cosine;
        std::vector<float> vector;  // empty: there is no such side
    };

    Status check(const SearchRequest& request) const;
    Result<Target> target_of(const SearchRequest& request) const;
    Status check_target(const Target& target) const;
    Result<Found> find(const SearchRequest& request) const;
    Status run_legs(
        const SearchRequest& request, const Target& target, const index::RowSet& rows, Found& found
    ) const;
    Result<std::vector<index::ScoredRow>> vector_leg(
        const SearchRequest& request,
        const Target& target,
        const index::RowSet& allowed,
        std::size_t limit,
        std::vector<std::string>& plan
    ) const;
    Result<std::vector<index::ScoredRow>> diverse(
        const Target& target,
        const Diversity& diversity,
        std::vector<index::ScoredRow> candidates,
        std::size_t limit
    ) const;
    std::vector<index::ScoredRow> fuse(
        const SearchRequest& request, std::span<const index::Leg> legs
    ) const;
    Result<SearchResult> load_hits(
        const SearchRequest& request, const Found& found, std::size_t begin, std::size_t end
    ) const;
    Result<std::string> explain(
        const SearchRequest& request, const Found& found, const SearchHit& hit, Row row
    ) const;

    const CollectionState& state_;
    const SearchContext& context_;
    const ObjectReader objects_;
};

}  // namespace moat::collections
