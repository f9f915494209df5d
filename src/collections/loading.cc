#include "collections/loading.h"

#include <fmt/format.h>

#include "base/log.h"
#include "collections/object_codec.h"
#include "collections/stored_collection.h"

namespace moat::collections {
namespace {

const std::string& name_of(const CollectionState& state) {
    return state.schema->schema.name;
}

VectorShape shape_of(const StoredSchema& schema, VectorSlot slot, const VectorField& field) {
    for (std::size_t i = 0; i < schema.slots.size(); ++i) {
        if (schema.slots[i] != slot) continue;
        const NamedVector& vector = schema.schema.vectors[i];
        return {field.dimensions, vector.distance, vector.code_width};
    }
    return {field.dimensions, schema.schema.distance, schema.schema.code_width};
}

std::shared_ptr<VectorStorage> storage_for(
    const StoredSchema& schema, VectorSlot slot, const IndexPlace& place
) {
    return std::make_shared<VectorStorage>(place.vectors, schema.number, slot);
}

Status replay_log(KeyValueStore& store, CollectionState& state) {
    state.snapshot = store.snapshot();
    const CollectionNumber number = state.schema->number;
    const std::string begin = log_key(number, state.next_sequence);
    const auto cursor =
        state.snapshot->cursor(Space::log, begin, end_of_prefix(collection_prefix(number)));
    for (; cursor->valid(); cursor->next()) {
        TRY_ASSIGN(LogRecord record, decode_log_record(cursor->value()));
        if (cursor->key() != log_key(number, state.next_sequence) ||
            record.segment.begin != state.next_row) {
            return Error{
                ErrorCode::corrupt,
                fmt::format("the write log of collection '{}' has a gap", name_of(state))
            };
        }
        state = apply(state, std::move(record));
    }
    return cursor->status();
}

Status open_vectors(
    const StoredSchema& schema,
    VectorSlot slot,
    const IndexPlace& place,
    Row end,
    VectorField& field
) {
    auto storage = storage_for(schema, slot, place);
    auto restored = storage->restore(shape_of(schema, slot, field), end);
    if (!restored) {
        if (restored.error().code != ErrorCode::not_found) {
            log::warning(
                "the vector graph of collection '{}' is built anew: {}",
                schema.schema.name,
                restored.error().message
            );
        }
        return make_vectors(schema, slot, place, field);
    }
    field.index = *restored;
    field.storage = std::move(storage);
    return Ok{};
}

// The vectors that were written since the graph was saved, or all.
Status read_vectors(const CollectionState& state, VectorSlot slot, const VectorField& field) {
    TRY(field.index->reserve(state.next_row));
    const CollectionNumber number = state.schema->number;
    const std::string prefix = collection_prefix(number);
    const auto cursor = state.snapshot->cursor(
        Space::vectors, row_key(number, field.index->graph_end()), end_of_prefix(prefix)
    );
    for (; cursor->valid(); cursor->next()) {
        const std::string_view rest = cursor->key().substr(prefix.size());
        const auto row = static_cast<Row>(big_endian_of(rest.substr(0, sizeof(Row))));
        if (big_endian_of(rest.substr(sizeof(Row))) != slot) continue;
        TRY_ASSIGN(const auto vector, decode_vector(cursor->value()));
        if (row >= state.next_row || vector.size() != field.dimensions) {
            return Error{
                ErrorCode::corrupt,
                fmt::format("collection '{}' holds a vector that fits no object", name_of(state))
            };
        }
        field.index->put(row, vector);
    }
    return cursor->status();
}

}  // namespace

Status make_vectors(
    const StoredSchema& schema, VectorSlot slot, const IndexPlace& place, VectorField& field
) {
    field.storage = storage_for(schema, slot, place);
    TRY_ASSIGN(field.index, field.storage->create(shape_of(schema, slot, field)));
    return Ok{};
}

Result<CollectionState> read_state(KeyValueStore& store, StoredSchema schema) {
    const auto snapshot = store.snapshot();
    TRY_ASSIGN(const auto sealed, snapshot->get(Space::catalog, state_key(schema.number)));
    CollectionState state;
    if (sealed) {
        TRY_ASSIGN(state, decode_state(*sealed));
    } else {
        state.live = std::make_shared<const index::RowSet>();
    }
    state.schema = std::make_shared<const StoredSchema>(std::move(schema));
    TRY(replay_log(store, state));
    drop_former_vectors(state);
    return state;
}

Result<CollectionState> load_state(
    KeyValueStore& store, StoredSchema schema, const IndexPlace& place
) {
    TRY_ASSIGN(CollectionState state, read_state(store, std::move(schema)));
    state.columns = place.columns;
    for (auto& [slot, field] : state.vectors) {
        // Before named vectors, the dimensions stood in the schema only.
        if (field.dimensions == 0 && slot == 0) field.dimensions = state.schema->schema.dimensions;
        if (field.dimensions == 0) {
            return Error{
                ErrorCode::corrupt,
                fmt::format("collection '{}' has lost its dimensions", name_of(state))
            };
        }
        TRY(open_vectors(*state.schema, slot, place, state.next_row, field));
        TRY(read_vectors(state, slot, field));
    }
    return state;
}

}  // namespace moat::collections
