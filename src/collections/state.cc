#include "collections/state.h"

#include <utility>

#include "collections/checksum.h"
#include "index/coding.h"

namespace moat::collections {
namespace {

// In the first versions there was one vector, without a name.
constexpr std::uint8_t kLogVersion = 2;
constexpr std::uint8_t kStateVersion = 2;

void put_rows(std::string& out, std::span<const Row> rows) {
    index::put_varint(out, rows.size());
    Row previous = 0;
    for (const Row row : rows) {
        index::put_varint(out, row - previous);
        previous = row;
    }
}

std::vector<Row> read_rows(index::Reader& reader) {
    std::vector<Row> rows;
    const std::uint64_t size = reader.varint();
    Row previous = 0;
    for (std::uint64_t i = 0; i < size && reader.ok(); ++i) {
        previous += reader.varint32();
        rows.push_back(previous);
    }
    return rows;
}

void put_stats(std::string& out, const std::map<PropertyNumber, PropertyStats>& stats) {
    index::put_varint(out, stats.size());
    for (const auto& [property, sums] : stats) {
        index::put_varint(out, property);
        index::put_fixed(out, sums.terms);
        index::put_fixed(out, sums.rows);
    }
}

std::map<PropertyNumber, PropertyStats> read_stats(index::Reader& reader) {
    std::map<PropertyNumber, PropertyStats> stats;
    const std::uint64_t size = reader.varint();
    for (std::uint64_t i = 0; i < size && reader.ok(); ++i) {
        PropertyStats& sums = stats[static_cast<PropertyNumber>(reader.varint32())];
        sums.terms = reader.fixed<std::int64_t>();
        sums.rows = reader.fixed<std::int64_t>();
    }
    return stats;
}

void put_row_set(std::string& out, const index::RowSet& rows) {
    std::string bytes;
    rows.encode(bytes);
    index::put_bytes(out, bytes);
}

}  // namespace

double CollectionState::average_length(PropertyNumber property) const {
    const auto found = stats.find(property);
    if (found == stats.end() || found->second.rows <= 0) return 1;
    return static_cast<double>(found->second.terms) / static_cast<double>(found->second.rows);
}

const VectorField* CollectionState::vector_field(VectorSlot slot) const {
    const auto found = vectors.find(slot);
    return found == vectors.end() ? nullptr : &found->second;
}

Schema CollectionState::full_schema() const {
    Schema full = schema->schema;
    if (const VectorField* unnamed = vector_field(0)) full.dimensions = unnamed->dimensions;
    for (std::size_t i = 0; i < full.vectors.size(); ++i) {
        const VectorField* field = vector_field(schema->slots[i]);
        if (field != nullptr) full.vectors[i].dimensions = field->dimensions;
    }
    return full;
}

std::string encode_log_record(const LogRecord& record) {
    std::string payload;
    index::put_varint(payload, record.added);
    put_rows(payload, record.removed);
    index::put_varint(payload, record.vectors.size());
    for (const auto& [slot, vectors] : record.vectors) {
        index::put_varint(payload, slot);
        index::put_varint(payload, vectors.dimensions);
        put_rows(payload, vectors.without);
    }
    put_stats(payload, record.stats);
    encode_segment(record.segment, payload);
    return seal_bytes(kLogVersion, payload);
}

Result<LogRecord> decode_log_record(std::string_view bytes) {
    TRY_ASSIGN(
        const Unsealed unsealed, unseal_up_to(kLogVersion, bytes, "a record of the write log")
    );
    index::Reader reader(unsealed.payload);
    LogRecord record;
    record.added = reader.varint();
    record.removed = read_rows(reader);
    if (unsealed.version == 1) {
        record.vectors[0].without = read_rows(reader);
    } else {
        const std::uint64_t slots = reader.varint();
        for (std::uint64_t i = 0; i < slots && reader.ok(); ++i) {
            LogRecord::Vectors& vectors =
                record.vectors[static_cast<VectorSlot>(reader.varint32())];
            vectors.dimensions = reader.varint();
            vectors.without = read_rows(reader);
        }
    }
    record.stats = read_stats(reader);
    if (!reader.ok()) {
        return Error{ErrorCode::corrupt, "a record of the write log does not hold together"};
    }
    TRY_ASSIGN(record.segment, decode_segment(reader.rest()));
    if (record.added != record.segment.end - record.segment.begin) {
        return Error{ErrorCode::corrupt, "a record of the write log disagrees with its rows"};
    }
    return record;
}

namespace {

void apply_vectors(const LogRecord& record, CollectionState& next) {
    for (const auto& [slot, added] : record.vectors) {
        // A record of the first version has this also when no row has a vector.
        if (added.without.size() == record.added) continue;
        VectorField& field = next.vectors[slot];
        if (added.dimensions != 0) field.dimensions = added.dimensions;
        index::RowSet rows = field.rows == nullptr ? index::RowSet() : *field.rows;
        rows.add_range(record.segment.begin, record.segment.end);
        for (const Row row : added.without)
            rows.remove(row);
        field.rows = std::make_shared<const index::RowSet>(std::move(rows));
    }
    if (record.removed.empty()) return;
    for (auto& [slot, field] : next.vectors) {
        index::RowSet rows = *field.rows;
        for (const Row row : record.removed)
            rows.remove(row);
        field.rows = std::make_shared<const index::RowSet>(std::move(rows));
    }
}

}  // namespace

CollectionState apply(const CollectionState& state, LogRecord record) {
    CollectionState next = state;
    const Row begin = record.segment.begin;
    const Row end = record.segment.end;
    auto live = std::make_shared<index::RowSet>(*state.live);
    live->add_range(begin, end);
    for (const Row row : record.removed)
        live->remove(row);
    next.live = std::move(live);
    apply_vectors(record, next);
    next.documents += record.added;
    next.documents -= record.removed.size();
    next.next_row = end;
    ++next.next_sequence;
    for (const auto& [property, change] : record.stats) {
        next.stats[property].terms += change.terms;
        next.stats[property].rows += change.rows;
    }
    next.tail.push_back(std::make_shared<const Segment>(std::move(record.segment)));
    return next;
}

void drop_former_vectors(CollectionState& state) {
    std::erase_if(state.vectors, [&](const auto& field) {
        return !state.schema->has_slot(field.first);
    });
}

std::string encode_state(const CollectionState& state, std::span<const SealedSegment> sealed) {
    std::string payload;
    index::put_varint(payload, state.next_row);
    index::put_varint(payload, state.next_sequence);
    index::put_varint(payload, state.documents);
    index::put_varint(payload, sealed.size());
    for (const SealedSegment& segment : sealed) {
        index::put_varint(payload, segment.begin);
        index::put_varint(payload, segment.end);
    }
    put_row_set(payload, *state.live);
    index::put_varint(payload, state.vectors.size());
    for (const auto& [slot, field] : state.vectors) {
        index::put_varint(payload, slot);
        index::put_varint(payload, field.dimensions);
        put_row_set(payload, *field.rows);
    }
    put_stats(payload, state.stats);
    return seal_bytes(kStateVersion, payload);
}

Result<CollectionState> decode_state(std::string_view bytes) {
    const Error corrupt{
        ErrorCode::corrupt, "the stored state of a collection does not hold together"
    };
    TRY_ASSIGN(
        const Unsealed unsealed,
        unseal_up_to(kStateVersion, bytes, "the stored state of a collection")
    );
    index::Reader reader(unsealed.payload);
    CollectionState state;
    state.next_row = reader.varint32();
    state.next_sequence = reader.varint();
    state.documents = reader.varint();
    const std::uint64_t segments = reader.varint();
    for (std::uint64_t i = 0; i < segments && reader.ok(); ++i) {
        const Row begin = reader.varint32();
        const Row end = reader.varint32();
        const Row before = state.sealed.empty() ? 0 : state.sealed.back().end;
        if (begin < before || end < begin) return corrupt;
        state.sealed.push_back({begin, end});
    }
    TRY_ASSIGN(index::RowSet live, index::RowSet::decode(reader.bytes()));
    state.live = std::make_shared<const index::RowSet>(std::move(live));
    const bool only_unnamed = unsealed.version == 1;
    const std::uint64_t slots = only_unnamed ? 1 : reader.varint();
    for (std::uint64_t i = 0; i < slots && reader.ok(); ++i) {
        const auto slot = only_unnamed ? VectorSlot{0} : static_cast<VectorSlot>(reader.varint32());
        const std::size_t dimensions = only_unnamed ? 0 : reader.varint();
        TRY_ASSIGN(index::RowSet rows, index::RowSet::decode(reader.bytes()));
        if (only_unnamed && rows.empty()) continue;
        VectorField& field = state.vectors[slot];
        field.dimensions = dimensions;
        field.rows = std::make_shared<const index::RowSet>(std::move(rows));
    }
    state.stats = read_stats(reader);
    if (!reader.ok() || !reader.at_end()) return corrupt;
    return state;
}

}  // namespace moat::collections
