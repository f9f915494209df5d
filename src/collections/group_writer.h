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
        std::map<VectorSlot, std::vector<float>> vectors;  // none is empty
        std::string properties;                            // encode_properties() of the stored form
        AnalysedObject analysed;
    };
    std::vector<Uuid> removes;
    std::vector<Put> puts;  // each id once: of a repeated one the last
    WriteBatch::Mode mode = WriteBatch::Mode::put;
    std::optional<Row> expected;                 // where the one object put must stand until then
    std::optional<index::RowSet> only_rows;      // what stands elsewhere by now is not removed
    std::shared_ptr<const StoredSchema> schema;  // it was analysed by
};

// Errors: invalid_argument (naming the property), too_large. A large batch takes several threads.
Result<PreparedBatch> prepare_batch(
    std::shared_ptr<const StoredSchema> schema, const index::Tokenizer& tokenizer, WriteBatch batch
);
// Analyses it again, by a schema that has changed meanwhile. Errors: invalid_argument.
Status prepare_again(
    PreparedBatch& batch,
    std::shared_ptr<const StoredSchema> schema,
    const index::Tokenizer& tokenizer
);
// Errors: invalid_argument.
Status check_object(const StoredSchema& schema, Object object);

// Joins prepared batches into one atomic change of a collection.
//
// Borrows: all its arguments, and the batches until finish(). One thread.
class GroupWriter {
  public:
    struct Outcome {
        LogRecord record;
        struct Vector {
            Row row = 0;
            std::span<const float> values;
        };
        std::map<VectorSlot, std::vector<Vector>> vectors;
    };

    GroupWriter(
        const CollectionState& state,
        const index::Tokenizer& tokenizer,
        std::int64_t now_ms,
        KeyValueBatch& changes
    );

    // Adds all of `batch`, or nothing and says why: invalid_argument (dimensions), conflict and
    // not_found (its mode, or `expected`), io.
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

    using Dimensions = std::map<VectorSlot, std::size_t>;
    Status check_dimensions(const PreparedBatch& batch, Dimensions& dimensions) const;
    Status check_mode(const PreparedBatch& batch, const std::map<Uuid, Former>& formers) const;
    Result<std::optional<Row>> row_of(const Uuid& id) const;
    Result<std::optional<Former>> former(const Uuid& id) const;
    void remove(const Former& former);
    void put(const PreparedBatch::Put& put, std::int64_t created_ms);
    void count(const AnalysedObject& object, std::int64_t sign, Row row);
    bool is_counted_later(PropertyNumber property, Row row) const;

    const CollectionState& state_;
    const index::Tokenizer& tokenizer_;
    const std::int64_t now_ms_;
    KeyValueBatch& changes_;
    SegmentBuilder builder_;
    Row next_row_;
    std::unordered_map<Uuid, std::optional<Row>, UuidHash> moved_;  // by this group
    std::unordered_map<Row, std::pair<const PreparedBatch::Put*, std::int64_t>> added_;
    Dimensions dimensions_;  // of each vector, where they are known
    Outcome outcome_;
};

}  // namespace moat::collections
