#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/column_cache.h"
#include "collections/key_value_store.h"
#include "collections/segment.h"
#include "collections/stored_schema.h"
#include "collections/vector_storage.h"
#include "index/row_set.h"
#include "index/vector_index.h"

namespace moat::collections {

// Sums behind the average length of a searchable property.
struct PropertyStats {
    std::int64_t terms = 0;
    std::int64_t rows = 0;  // that have the property
};

// One of the vectors which the objects of a collection may have.
struct VectorField {
    std::size_t dimensions = 0;
    std::shared_ptr<const index::RowSet> rows;  // that have it
    std::shared_ptr<index::VectorIndex> index;
    std::shared_ptr<VectorStorage> storage;
};

struct SealedSegment {
    Row begin = 0;
    Row end = 0;
};

// A collection as it is after one write: what a reader works on, undisturbed by later writes.
// Immutable; a vector index grows on, but rows that its field does not name do not count.
//
// Sealed segments have their postings and columns in the store, as keys; the tail segments are in
// memory, and in the store as the log records they come from.
struct CollectionState {
    std::shared_ptr<const StoredSchema> schema;
    std::shared_ptr<const KeyValueSnapshot> snapshot;
    std::shared_ptr<ColumnCache> columns;
    std::vector<SealedSegment> sealed;
    std::vector<std::shared_ptr<const Segment>> tail;
    std::shared_ptr<const index::RowSet> live;
    std::map<VectorSlot, VectorField> vectors;  // those that any object ever had
    std::map<PropertyNumber, PropertyStats> stats;
    std::uint64_t documents = 0;
    Row next_row = 0;
    std::uint64_t next_sequence = 0;  // of the log

    double average_length(PropertyNumber property) const;
    const VectorField* vector_field(VectorSlot slot) const;
    // The schema with the dimensions that are known by now.
    Schema full_schema() const;
};

// Another collection as it is now, by name or alias: where references lead to.
// Errors: not_found; those of opening it.
using FindCollection =
    std::function<Result<std::shared_ptr<const CollectionState>>(std::string_view name)>;

// What a write did, as its log record says (docs/formats/collections.md, "log").
struct LogRecord {
    std::uint64_t added = 0;   // rows given out, from segment.begin on
    std::vector<Row> removed;  // rising
    struct Vectors {
        std::size_t dimensions = 0;  // 0 in records of the first version: as in the schema
        std::vector<Row> without;    // of the added rows
    };
    std::map<VectorSlot, Vectors> vectors;          // those that any added row has
    std::map<PropertyNumber, PropertyStats> stats;  // changes
    Segment segment;
};

std::string encode_log_record(const LogRecord& record);
// Errors: corrupt, unsupported.
Result<LogRecord> decode_log_record(std::string_view bytes);

// `state` with the write applied; snapshot, vectors and schema are left to the caller.
CollectionState apply(const CollectionState& state, LogRecord record);

// Lets go of vectors which the schema does not have any more.
void drop_former_vectors(CollectionState& state);

// The parts of a state which a seal stores: all but schema, tail, snapshot and vectors.
std::string encode_state(const CollectionState& state, std::span<const SealedSegment> sealed);
// Errors: corrupt, unsupported.
Result<CollectionState> decode_state(std::string_view bytes);

}  // namespace moat::collections
