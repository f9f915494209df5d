#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "collections/collection.h"
#include "collections/key_value_store.h"
#include "collections/upkeep_options.h"
#include "index/stemmer.h"
#include "index/word_segmenter.h"

namespace moat::collections {

// What a database is made of. The segmenter may be null: Chinese then has pairs instead of words.
// So may the stemmer: Tokenization::english then is `word`.
struct DatabaseParts {
    std::unique_ptr<KeyValueStore> store;
    std::shared_ptr<const index::WordSegmenter> segmenter;
    std::shared_ptr<const index::Stemmer> stemmer = {};
    std::shared_ptr<const Clock> clock;  // null: the system's
    UpkeepOptions upkeep = {};
    // Of all collections' codes and graphs; what is more is paged from disk.
    std::size_t vector_bytes = std::size_t{4} << 30;
};

// Opens or makes the database in `folder`, where vector graphs are kept; the store may lie in a
// folder of its own below. Starts one thread for merging in the background. Collections are read
// when they are first opened. Errors: io, corrupt, unsupported.
Result<std::unique_ptr<Database>> open_database(
    const std::filesystem::path& folder, DatabaseParts parts
);

}  // namespace moat::collections
