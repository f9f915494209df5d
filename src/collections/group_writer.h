#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "collections/analysis.h"
#include "collections/collection.h"
#include "collections/key_value_store.h"
#include "collections/state.h"
#include "index/tokenizer.h"

namespace moat::collections {

// A batch checked, analysed and ready: all that can be done without knowing other writes.
struct PreparedBatch {
    struct Put {
        Uuid id;
        std::int64_t created_ms = 0;
        std::vector<float> vector;
        std::string properties;  // encode_properties()
        AnalysedObject analysed;
    };
    std::vector<Uuid> removes;
    std::vector<Put> puts;  // each id once: of a repeated one the last
};

// Errors: invalid_argument (naming the property), too_large. A large batch takes several threads.
Result<PreparedBatch> prepare_batch(
    const StoredSchema& schema, const index::Tokenizer& tokenizer, WriteBatch batch
);

// Joins prepared batches into one atomic change of a collection.
//
// Borrows: all its arguments, and the batches until finish(). One thread.
class GroupWriter {
  public:
    struct Outcome {
        LogRecord record;
        std::vector<std::pair<Row, std::span<const float>>> vectors;
        std::size_t dimensions = 0;
    };

    GroupWriter(
        const CollectionState& state,
        const index::Tokenizer& tokenizer,
        std::int64_t now_ms,
        KeyValueBatch& changes
    );

    // Adds all of `batch`, or nothing and says why: invalid_argument (dimensions), io.
    Status add(const PreparedBatch& batch);
    // Also writes the log record into the changes.
    Outcome finish();

  private:
    // An object as it was before.
    struct Former {
        Uuid id;
        Row row = 0;
        std::int64_t created_ms = 0;
        AnalysedObject analysed;
    };

    Status check_dimensions(const PreparedBatch& batch, std::size_t& dimensions) const;
    Result<std::optional<Row>> row_of(const Uuid& id) const;
    Result<std::optional<Former>> former(const Uuid& id) const;
    void remove(const Former& former);
    void put(const PreparedBatch::Put& put, std::int64_t created_ms);
    void count(const AnalysedObject& object, std::int64_t sign);

    const CollectionState& state_;
    const index::Tokenizer& tokenizer_;
    const std::int64_t now_ms_;
    KeyValueBatch& changes_;
    SegmentBuilder builder_;
    Row next_row_;
    std::unordered_map<Uuid, std::optional<Row>, UuidHash> moved_;  // by this group
    std::unordered_map<Row, std::pair<const PreparedBatch::Put*, std::int64_t>> added_;
    Outcome outcome_;
};

}  // namespace moat::collections
