#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/key_value_store.h"
#include "collections/segment.h"
#include "collections/stored_schema.h"
#include "index/row_set.h"
#include "index/vector_index.h"

namespace moat::collections {

// Sums behind the average length of a searchable property.
struct PropertyStats {
    std::int64_t terms = 0;
    std::int64_t rows = 0;  // that have the property
};

struct SealedSegment {
    Row begin = 0;
    Row end = 0;
};

// A collection as it is after one write: what a reader works on, undisturbed by later writes.
// Immutable; the vector index grows on, but rows that are not in `with_vector` do not count.
//
// Sealed segments have their postings and columns in the store, as keys; the tail segments are in
// memory, and in the store as the log records they come from.
struct CollectionState {
    std::shared_ptr<const StoredSchema> schema;
    std::shared_ptr<const KeyValueSnapshot> snapshot;
    std::vector<SealedSegment> sealed;
    std::vector<std::shared_ptr<const Segment>> tail;
    std::shared_ptr<const index::RowSet> live;
    std::shared_ptr<const index::RowSet> with_vector;
    std::shared_ptr<index::VectorIndex> vectors;  // nullptr before the first vector
    std::map<PropertyNumber, PropertyStats> stats;
    std::uint64_t documents = 0;
    Row next_row = 0;
    std::uint64_t next_sequence = 0;  // of the log

    double average_length(PropertyNumber property) const;
};

// What a write did, as its log record says (docs/formats/collections.md, "log").
struct LogRecord {
    std::uint64_t added = 0;                        // rows given out, from segment.begin on
    std::vector<Row> removed;                       // rising
    std::vector<Row> without_vector;                // of the added ones
    std::map<PropertyNumber, PropertyStats> stats;  // changes
    Segment segment;
};

std::string encode_log_record(const LogRecord& record);
// Errors: corrupt, unsupported.
Result<LogRecord> decode_log_record(std::string_view bytes);

// `state` with the write applied; snapshot, vectors and schema are left to the caller.
CollectionState apply(const CollectionState& state, LogRecord record);

// The parts of a state which a seal stores: all but schema, tail, snapshot and vectors.
std::string encode_state(const CollectionState& state, std::span<const SealedSegment> sealed);
// Errors: corrupt, unsupported.
Result<CollectionState> decode_state(std::string_view bytes);

}  // namespace moat::collections
