#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collections/schema.h"
#include "index/tokenizer.h"

namespace moat::collections {

// The terms of a query for a property. Stopwords count for `word` only, and not where the query
// says nothing else. Repetitions stay.
std::vector<std::string> query_terms(
    const index::Tokenizer& tokenizer,
    const Stopwords& stopwords,
    Tokenization how,
    std::string_view text
);

}  // namespace moat::collections
