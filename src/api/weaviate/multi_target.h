#pragma once

#include <string>
#include <vector>

#include "base/principal.h"
#include "base/result.h"
#include "collections/collection.h"

// A search by several of a class's named vectors at once. Threads: any.
namespace moat::api::weaviate {

struct Targets {
    // How the distances of an object become one.
    enum class Combination {
        minimum,
        sum,
        average,
        weighted,        // sum of weight times distance
        relative_score,  // the same, of distances brought to [0, 1] among the objects found
    };
    struct Target {
        std::string vector;        // its name
        std::vector<float> query;  // empty: the same for all, SearchRequest::vector
        double weight = 1;
    };
    Combination how = Combination::minimum;
    std::vector<Target> list = {};  // two or more; a name may be there more than once
};

// What `request` asks for, by all targets: the candidates are the best of each, and an object that
// lacks one of the vectors is no hit. A hit's distance is the combined one, in whose order they
// come. Errors: invalid_argument (also: grouping, sorting, autocut and diversity are of one
// vector); those of Collection::search.
Result<collections::SearchResult> search_targets(
    const collections::Collection& collection,
    const Principal& who,
    const collections::SearchRequest& request,
    const Targets& targets
);

}  // namespace moat::api::weaviate
