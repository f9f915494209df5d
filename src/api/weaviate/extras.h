#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "api/weaviate/modules.h"
#include "base/principal.h"
#include "base/result.h"
#include "collections/search.h"

// What models do with the hits of a query. Threads: any; calls block on the models.
namespace moat::api::weaviate {

struct Rerank {
    std::string property;
    std::string query;  // empty: what was searched for
};

struct Generate {
    std::string prompt;                   // for each hit, {property} standing for its value
    std::string task;                     // for all hits together
    std::vector<std::string> properties;  // of the task; empty: all of text
};

// One of each hit, in their order; empty when nothing was asked.
struct Extras {
    std::vector<float> scores;
    std::vector<std::string> texts;
    std::optional<std::string> grouped;
};

// Ranks the hits anew, best first, and with them those of each group and the groups. Errors:
// invalid_argument (nothing to rank by), those of Modules.
Status rerank_hits(
    Modules& modules,
    const Principal& who,
    const Rerank& wanted,
    collections::SearchResult& result,
    Extras& out,
    std::stop_token stop
);
// Errors: invalid_argument (a property in the prompt that an object lacks), those of Modules.
Status generate_texts(
    Modules& modules,
    const Principal& who,
    const Generate& wanted,
    const std::vector<collections::SearchHit>& hits,
    Extras& out,
    std::stop_token stop
);

}  // namespace moat::api::weaviate
