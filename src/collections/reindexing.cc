// How a property gets another index while the old one serves, and how the entries of former ones
// go: StoredCollection::maintain_schema(), on the thread of maintain().
#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "base/test_point.h"
#include "collections/object_codec.h"
#include "collections/stored_collection.h"
#include "collections/stored_object.h"

namespace moat::collections {
namespace {

constexpr std::size_t kErasedAtOnce = 10'000;

// Reads the objects of a segment into the new index of a property.
class Reindexing {
  public:
    Reindexing(
        const CollectionState& state,
        const StoredSchema::Change& change,
        const index::Tokenizer& tokenizer
    )
        : state_(state),
          change_(change),
          tokenizer_(tokenizer),
          key_(state.schema->fields[*state.schema->find(change.changed.name)].key),
          lengths_(change.end) {}

    // Errors: invalid_argument (a value is nothing of the new type), io.
    Result<Segment> segment(const SealedSegment& bounds, std::atomic<std::uint64_t>& done) {
        SegmentBuilder builder(bounds.begin);
        const CollectionNumber number = state_.schema->number;
        const auto cursor = state_.snapshot->cursor(
            Space::objects, row_key(number, bounds.begin), row_key(number, bounds.end)
        );
        for (; cursor->valid(); cursor->next()) {
            const auto row = static_cast<Row>(big_endian_of(cursor->key().substr(4)));
            if (!state_.live->contains(row)) continue;
            TRY(add(row, cursor->value(), builder));
            ++done;
        }
        TRY(cursor->status());
        return builder.finish(bounds.end);
    }

    PropertyStats stats_of(const index::RowSet& live) const {
        PropertyStats stats;
        live.for_each(0, change_.end, [&](Row row) {
            stats.terms += lengths_[row];
            stats.rows += lengths_[row] == 0 ? 0 : 1;
        });
        return stats;
    }

  private:
    Status add(Row row, std::string_view bytes, SegmentBuilder& builder) {
        const auto object = decode_object(bytes);
        // It is damaged, and was said to be when it was read; it has no properties any more.
        if (!object) return Ok{};
        const json::Value* value = object->properties.if_contains(key_);
        if (value != nullptr && !converted(change_.changed, *value)) {
            return Error{
                ErrorCode::invalid_argument,
                fmt::format(
                    "object {} has a value that is no {}",
                    object->id.text(),
                    to_string(change_.changed.type)
                )
            };
        }
        const AnalysedObject analysed =
            analyse_changed(*state_.schema, change_, tokenizer_, object->properties);
        builder.add_entries(row, analysed);
        if (row < change_.end && !analysed.lengths.empty()) {
            lengths_[row] = analysed.lengths.front().terms;
        }
        return Ok{};
    }

    const CollectionState& state_;
    const StoredSchema::Change& change_;
    const index::Tokenizer& tokenizer_;
    const std::string key_;
    std::vector<std::uint32_t> lengths_;  // of rows that were there before
};

}  // namespace

Result<bool> StoredCollection::maintain_schema() {
    const auto state = current();
    if (dropped_ || environment_.is_tenant) return false;
    if (!state->schema->former_numbers.empty()) {
        TRY(erase_former());
        return true;
    }
    if (!state->schema->former_slots.empty()) {
        TRY(erase_former_vectors());
        return true;
    }
    if (state->schema->changes.empty()) return false;
    TRY(reindex(state->schema->changes.front()));  // of a schema that is held here
    return true;
}

Status StoredCollection::erase_former() {
    // Afterwards whatever there is of them is in the store: no write makes more.
    TRY(seal());
    const auto state = current();
    const auto former = state->schema->former_numbers;
    const CollectionNumber number = state->schema->number;
    const auto changes = environment_.store.new_batch();
    for (const PropertyNumber property : former) {
        const std::string terms = collection_prefix(number) + term_prefix(property, "");
        changes->remove_range(Space::terms, terms, end_of_prefix(terms));
        for (const PropertyNumber column : {property, length_of(property)}) {
            const std::string begin = column_key(number, column, 0);
            changes->remove_range(Space::columns, begin, column_key(number, column, index::kNoRow));
        }
    }
    TRY(environment_.store.commit(*changes, Durability::buffered));
    return change_schema([&](StoredSchema& schema) -> Status {
        std::erase_if(schema.former_numbers, [&](PropertyNumber property) {
            return std::ranges::find(former, property) != former.end();
        });
        return Ok{};
    });
}

Status StoredCollection::erase_former_vectors() {
    const auto state = current();
    const auto former = state->schema->former_slots;
    const auto is_former = [&](std::uint64_t slot) {
        return std::ranges::find(former, slot) != former.end();
    };
    const std::string prefix = collection_prefix(state->schema->number);
    const auto cursor = state->snapshot->cursor(Space::vectors, prefix, end_of_prefix(prefix));
    auto changes = environment_.store.new_batch();
    std::size_t removed = 0;
    for (; cursor->valid(); cursor->next()) {
        if (!is_former(big_endian_of(cursor->key().substr(prefix.size() + sizeof(Row))))) continue;
        changes->remove(Space::vectors, cursor->key());
        if (++removed % kErasedAtOnce != 0) continue;
        TRY(environment_.store.commit(*changes, Durability::buffered));
        changes = environment_.store.new_batch();
    }
    TRY(cursor->status());
    TRY(environment_.store.commit(*changes, Durability::buffered));
    // No checkpoint makes the files again: that is done on this thread, of vectors there are.
    for (const VectorSlot slot : former)
        TRY(VectorStorage::remove_files(
            environment_.indexes.vectors.folder, state->schema->number, slot
        ));
    return change_schema([&](StoredSchema& schema) -> Status {
        std::erase_if(schema.former_slots, is_former);
        return Ok{};
    });
}

Status StoredCollection::reindex(const StoredSchema::Change& change) {
    // So that every row that was there before is in a sealed segment, whose new entries can be
    // written beside the others.
    TRY(seal());
    const auto state = current();
    reindexed_ = 0;
    Reindexing work(*state, change, environment_.tokenizer);
    for (const SealedSegment& bounds : state->sealed) {
        if (bounds.begin >= change.end) break;
        if (dropped_) return Ok{};
        auto segment = work.segment(bounds, reindexed_);
        if (!segment && segment.error().code == ErrorCode::invalid_argument) {
            return give_up(change, segment.error().message);
        }
        if (!segment) return segment.error();
        TRY(store_segment(*state, *segment));
        TEST_POINT("reindex.segment_stored");
    }
    const std::scoped_lock lock(write_mutex_);
    return finish_change(change, work.stats_of(*current()->live));
}

Status StoredCollection::give_up(const StoredSchema::Change& change, const std::string& why) {
    log::error("property '{}' stays as it is: {}", change.changed.name, why);
    {
        const std::scoped_lock lock(failures_mutex_);
        failures_[change.changed.name] = why;
    }
    return change_schema([&](StoredSchema& schema) -> Status {
        std::erase_if(schema.changes, [&](const StoredSchema::Change& each) {
            return each.number == change.number;
        });
        schema.former_numbers.push_back(change.number);
        return Ok{};
    });
}

Status StoredCollection::finish_change(
    const StoredSchema::Change& change, const PropertyStats& stats
) {
    const auto before = current();
    StoredSchema schema = *before->schema;
    const auto found =
        std::ranges::find(schema.changes, change.number, &StoredSchema::Change::number);
    if (found == schema.changes.end() || dropped_) return Ok{};
    const std::string name = found->changed.name;  // it may have been renamed meanwhile
    const std::size_t place = *schema.find(name);
    Property& property = schema.schema.properties[place];
    StoredSchema::Field& field = schema.fields[place];
    field.converted = field.converted || property.type != change.changed.type ||
                      property.array != change.changed.array;
    property = change.changed;
    property.name = name;
    schema.former_numbers.push_back(field.number);
    field.number = change.number;
    schema.changes.erase(found);

    LogRecord record;
    record.segment.begin = record.segment.end = before->next_row;
    record.stats[change.number] = stats;
    const auto changes = environment_.store.new_batch();
    changes->put(Space::catalog, schema_key(schema.schema.name), schema.to_json());
    changes->put(
        Space::log, log_key(schema.number, before->next_sequence), encode_log_record(record)
    );
    TEST_POINT("reindex.before_commit");
    TRY(environment_.store.commit(*changes, Durability::synced));
    CollectionState after = apply(*before, std::move(record));
    after.schema = std::make_shared<const StoredSchema>(std::move(schema));
    after.snapshot = environment_.store.snapshot();
    publish(std::move(after));
    return Ok{};
}

}  // namespace moat::collections
