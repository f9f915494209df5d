#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "collections/filter.h"
#include "index/fusion.h"

// What can be asked of a collection, and what it answers.
namespace moat::collections {

struct Object {
    Uuid id;
    json::Object properties;
    std::vector<float> vector;  // the unnamed one; empty: none; kept as given
    std::int64_t created_ms = 0;
    std::int64_t updated_ms = 0;
    std::map<std::string, std::vector<float>> vectors = {};  // by name; none is empty
};

using index::Fusion;  // ranked, relative_score

// The offset and limit of a request may not pass this together.
inline constexpr std::size_t kMaxSearchDepth = 10'000;

// Objects without the property come last in both orders. Special names as in filters.
struct Sort {
    std::string property;
    bool descending = false;
};

// Puts the hits that share a value of `property` together, in the order of their best hit. A list
// puts its object into the group of each element; objects without the property form one group.
struct GroupBy {
    std::string property;
    std::size_t groups = 5;
    std::size_t objects_per_group = 10;
};

// Maximal marginal relevance: of the `candidates` best by vector, picks one after the other by
// lambda * (-distance to the query) - (1 - lambda) * (-distance to the nearest one picked).
struct Diversity {
    float lambda = 0.5F;
    std::size_t candidates = 50;
};

struct SearchRequest {
    std::string query;          // empty: vector only
    std::vector<float> vector;  // empty: keywords only, or near_object
    float alpha = 0.5F;         // weight of the vector side in [0, 1]
    Fusion fusion = Fusion::relative_score;
    // Text properties to search with their boosts; empty: all searchable ones, boost 1.
    std::vector<std::pair<std::string, float>> properties = {};
    std::optional<Filter> filter = {};
    std::size_t limit = 10;
    std::size_t offset = 0;
    bool with_vector = false;  // all vectors of an object

    std::string vector_name = {};            // empty: the unnamed one
    std::optional<Uuid> near_object = {};    // its vector instead of `vector`
    std::optional<float> max_distance = {};  // of the vector side; farther objects are no hits
    // Of the terms of the query, so many must stand in the searched properties together: 0 and 1
    // any; `every_term` all of them.
    std::size_t least_terms = 0;
    bool every_term = false;
    std::size_t autocut = 0;      // ends the hits before this many jumps of the score; 0: does not
    std::vector<Sort> sort = {};  // the hits found, instead of by score
    std::optional<GroupBy> group_by = {};
    std::optional<Diversity> diversity = {};  // needs a vector or near_object, and no query
    bool explain = false;
};

struct SearchHit {
    Object object;
    float score = 0;                          // of the fusion, or the only side; larger is better
    std::optional<float> keyword_score = {};  // BM25
    std::optional<float> distance = {};       // of the vector side; smaller is better
    std::string explanation = {};             // how the score came about, when asked
};

struct SearchGroup {
    json::Value value;              // what its objects share; null: they lack the property
    std::vector<std::size_t> hits;  // places in SearchResult::hits, best first
};

struct SearchResult {
    std::vector<SearchHit> hits;
    std::vector<SearchGroup> groups = {};  // with group_by; hits then are those in groups
    std::vector<std::string> plan = {};    // with explain: what was chosen and why, a line each
};

struct ListRequest {
    std::optional<Uuid> after = {};  // in id order; not with sort or offset
    std::size_t limit = 10;          // kMaxSearchDepth at most
    std::size_t offset = 0;
    std::optional<Filter> filter = {};
    std::vector<Sort> sort = {};  // instead of by id
    bool with_vector = false;
};

struct AggregateProperty {
    std::string name;
    std::size_t top_occurrences = 0;  // the most frequent values to name, of text
};

struct AggregateRequest {
    std::optional<Filter> filter = {};
    // Only the objects which this finds, search.limit of them at most. Its filter is the above.
    std::optional<SearchRequest> search = {};
    std::vector<AggregateProperty> properties = {};
    std::string group_by = {};  // a property; empty: all is one group
    std::size_t limit = 100;    // groups, the largest first
};

// Of all values of one property in a group. Dates are RFC 3339, and have no mean or sum.
struct PropertyStatistics {
    struct Occurrence {
        std::string value;
        std::uint64_t count = 0;
    };
    std::uint64_t count = 0;                     // values, each element of a list
    json::Value minimum, maximum, median, mode;  // numbers and dates; null where there is none
    std::optional<double> mean, sum;             // numbers
    std::uint64_t total_true = 0, total_false = 0;
    std::vector<Occurrence> top;                // text; the most frequent first, then by value
    std::vector<std::string> pointing_to = {};  // references: the collections
};

struct AggregateGroup {
    json::Value value;  // with group_by; a list puts its object into the group of each element
    std::uint64_t count = 0;
    std::map<std::string, PropertyStatistics> properties;
};

}  // namespace moat::collections
