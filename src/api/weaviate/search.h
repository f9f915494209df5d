#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "api/weaviate/extras.h"
#include "api/weaviate/multi_target.h"
#include "api/weaviate/objects.h"
#include "api/weaviate/services.h"
#include "base/principal.h"
#include "base/result.h"
#include "collections/collection.h"

// A question to one class, whichever protocol asked it. Threads: any; calls block.
namespace moat::api::weaviate {

inline constexpr std::size_t kDefaultLimit = 10;  // REST and gRPC
inline constexpr std::size_t kDefaultGraphqlLimit = 100;

struct NearText {
    // Away from, or towards, the mean of concepts and objects.
    struct Move {
        double force = 0;
        std::vector<std::string> concepts;
        std::vector<Uuid> objects;
    };
    std::vector<std::string> concepts;
    std::optional<Move> to, away;
};

struct Query {
    enum class Kind { list, keywords, near_vector, near_object, near_text, hybrid };

    std::string class_name;
    std::string tenant;
    Kind kind = Kind::list;
    // Words, vector, filter, limits, order, groups. Its max_distance is set from `certainty`.
    collections::SearchRequest search;
    std::optional<NearText> near_text;  // of Kind::near_text, or instead of hybrid's vector
    std::optional<double> certainty;    // cosine only
    std::optional<Uuid> after;          // Kind::list
    std::optional<Targets> targets;     // of a near search: several vectors instead of one
    std::optional<Rerank> rerank;
    std::optional<Generate> generate;
};

struct Answer {
    std::shared_ptr<collections::Collection> collection;  // of the tenant
    collections::Schema schema;
    collections::SearchResult result;
    Extras extras;
};

// Errors: not_found (class), invalid_argument, those of Vectorizer and Collection::search.
Result<Answer> run(
    const Services& services, const Principal& who, Query query, std::stop_token stop
);

// Makes query.search whole: texts to vectors, certainty to distance, the only vector's name.
// Errors: as above.
Status complete(
    const Services& services,
    const Principal& who,
    const collections::Collection& collection,
    const collections::Schema& schema,
    Query& query,
    std::stop_token stop
);

struct Counting {
    std::optional<std::size_t> objects;  // at most so many of those a search finds
    std::string group_by;
    std::size_t groups = 100;
    std::vector<collections::AggregateProperty> properties;
};
// Counts what the query finds, or all that pass its filter. Errors: as above, and invalid_argument
// when a search has neither a limit of objects nor one of distance.
Result<std::vector<collections::AggregateGroup>> aggregate(
    const Services& services,
    const Principal& who,
    const collections::Collection& collection,
    Query query,
    Counting counting,
    std::stop_token stop
);

// 1 - distance / 2, where the distance is by cosine.
std::optional<float> certainty_of(
    const collections::Schema& schema, std::string_view vector, std::optional<float> distance
);

}  // namespace moat::api::weaviate
