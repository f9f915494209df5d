#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/principal.h"
#include "base/result.h"
#include "collections/filter.h"
#include "collections/schema.h"
#include "index/fusion.h"

namespace moat::collections {

struct Object {
    Uuid id;
    json::Object properties;
    std::vector<float> vector;  // empty: none; kept as given
    std::int64_t created_ms = 0;
    std::int64_t updated_ms = 0;
};

// Applied whole or not at all. Removals come first, so a batch can replace. Of each kind there may
// be kMaxBatchObjects.
struct WriteBatch {
    std::vector<Uuid> removes;  // absent ones are fine
    std::vector<Object> puts;   // an existing id is replaced; created_ms is kept then
};

inline constexpr std::size_t kMaxBatchObjects = 100'000;

using index::Fusion;  // ranked, relative_score

struct SearchRequest {
    std::string query;          // empty: vector only
    std::vector<float> vector;  // empty: keywords only
    float alpha = 0.5F;         // weight of the vector side in [0, 1]
    Fusion fusion = Fusion::relative_score;
    // Text properties to search with their boosts; empty: all searchable ones, boost 1.
    std::vector<std::pair<std::string, float>> properties;
    std::optional<Filter> filter;
    std::size_t limit = 10;
    std::size_t offset = 0;
    bool with_vector = false;
};

struct SearchHit {
    Object object;
    float score = 0;                     // of the fusion, or the only side; larger is better
    std::optional<float> keyword_score;  // BM25
    std::optional<float> distance;       // of the vector side; smaller is better
};

// One class of objects with its keyword postings and its vector graph.
//
// Threads: any; readers do not wait for writers. Durability: write() returns after the batch is
//          synced to disk as one record; after a crash a batch is there whole or not at all.
//          New objects are searchable when write() returns.
// Errors:  invalid_argument (a property of the wrong type, a vector of another dimension, naming
//          it), not_found, too_large, io, corrupt; forbidden.
class Collection {
  public:
    virtual ~Collection() = default;

    // As it is now: it may grow by new properties, and the first vector sets its dimensions.
    virtual Schema schema() const = 0;
    // An equal one is fine. Objects written before do not have the property.
    // Errors: conflict when it exists and differs.
    virtual Status add_property(const Principal& who, const Property& property) = 0;

    virtual Status write(const Principal& who, WriteBatch batch) = 0;
    virtual Result<Object> get(const Principal& who, const Uuid& id, bool with_vector) const = 0;
    virtual Result<std::vector<SearchHit>> search(
        const Principal& who, const SearchRequest& request
    ) const = 0;
    // Objects in id order after `after`, at most `limit`. Cost: of the objects found when a filter
    // leaves no more than `limit`, else of a walk over all ids.
    virtual Result<std::vector<Object>> list(
        const Principal& who,
        const std::optional<Uuid>& after,
        std::size_t limit,
        const std::optional<Filter>& filter,
        bool with_vector
    ) const = 0;
    virtual Result<std::uint64_t> count(const Principal& who, const std::optional<Filter>& filter)
        const = 0;
};

// All collections of a data folder. Threads: any. Owns: the folder.
class Database {
  public:
    virtual ~Database() = default;

    // Errors: conflict when it exists, invalid_argument for a bad name or property.
    virtual Result<std::shared_ptr<Collection>> create(
        const Principal& who, const Schema& schema
    ) = 0;
    // Errors: not_found.
    virtual Result<std::shared_ptr<Collection>> open(
        const Principal& who, std::string_view name
    ) = 0;
    // Fine when absent.
    virtual Status drop(const Principal& who, std::string_view name) = 0;
    virtual std::vector<Schema> schemas(const Principal& who) const = 0;
};

}  // namespace moat::collections
