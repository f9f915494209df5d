#include "collections/rebuilding.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "collections/analysis.h"
#include "collections/column.h"
#include "collections/loading.h"
#include "collections/object_codec.h"
#include "collections/stored_collection.h"
#include "collections/stored_object.h"

namespace moat::collections {
namespace {

constexpr Row kSegmentRows = 16'384;
constexpr std::size_t kBatchBytes = std::size_t{8} << 20;

bool touches(std::span<const Loss> losses, std::initializer_list<Space> spaces) {
    return std::ranges::any_of(losses, [&](const Loss& loss) {
        return std::ranges::find(spaces, loss.space) != spaces.end();
    });
}

// Commits what it is given in pieces; nobody looks at it before the last synced commit.
class Output {
  public:
    explicit Output(KeyValueStore& store) : store_(store), batch_(store.new_batch()) {}

    Status put(Space space, std::string_view key, std::string_view value) {
        batch_->put(space, key, value);
        return batch_->bytes() < kBatchBytes ? Ok{} : flush();
    }
    Status flush() {
        TRY(store_.commit(*batch_, Durability::buffered));
        batch_ = store_.new_batch();
        return Ok{};
    }

  private:
    KeyValueStore& store_;
    std::unique_ptr<KeyValueBatch> batch_;
};

class Rebuilding {
  public:
    Rebuilding(
        KeyValueStore& store,
        const index::Tokenizer& tokenizer,
        const StoredSchema& schema,
        CollectionNumber number,
        std::span<const Loss> losses
    )
        : store_(store),
          tokenizer_(tokenizer),
          schema_(schema),
          number_(number),
          losses_(losses),
          output_(store) {}

    Result<Rebuilt> run() {
        TRY(read_former_state());
        TRY(rescue(Space::objects));
        TRY(rescue(Space::vectors));
        snapshot_ = store_.snapshot();
        if (!former_) TRY(choose_rows());
        TRY(copy_objects());
        TRY(copy_vectors());
        TRY(finish());
        return done_;
    }

  private:
    // Nothing, when it is not to be believed.
    Status read_former_state() {
        if (touches(losses_, {Space::log, Space::catalog})) return Ok{};
        auto state = read_state(store_, schema_);
        if (!state && state.error().code == ErrorCode::io) return state.error();
        if (state) former_ = std::move(*state);
        return Ok{};
    }

    // Puts back what the store lacks, where the former state says that it counts: a row is never
    // written again, so it is as it was.
    Status rescue(Space space) {
        if (!former_ || !touches(losses_, {space})) return Ok{};
        const std::string prefix = collection_prefix(schema_.number);
        const auto snapshot = store_.snapshot();
        const auto put_back = [&](std::string_view key, std::string_view value) -> Status {
            const auto row =
                static_cast<Row>(big_endian_of(key.substr(prefix.size(), sizeof(Row))));
            if (!former_->live->contains(row)) return Ok{};
            TRY_ASSIGN(const auto present, snapshot->get(space, key));
            return present ? Ok{} : output_.put(space, key, value);
        };
        TRY(store_.rescue(space, prefix, end_of_prefix(prefix), put_back));
        return output_.flush();
    }

    template <class Visit>
    Status for_each_object(Visit visit) {
        const std::string prefix = collection_prefix(schema_.number);
        const auto cursor = snapshot_->cursor(Space::objects, prefix, end_of_prefix(prefix));
        for (; cursor->valid(); cursor->next()) {
            const auto row = static_cast<Row>(big_endian_of(cursor->key().substr(prefix.size())));
            if (former_ && !former_->live->contains(row)) continue;
            TRY(visit(row, cursor->value()));
        }
        return cursor->status();
    }

    // Without a state: of every id the last row.
    Status choose_rows() {
        std::unordered_map<Uuid, Row, UuidHash> last;
        const auto note = [&](Row row, std::string_view bytes) -> Status {
            const auto id = decode_id(bytes);
            if (id) last[*id] = row;
            return Ok{};
        };
        TRY(for_each_object(note));
        for (const auto& [id, row] : last)
            chosen_.add(row);
        return Ok{};
    }

    Status copy_objects() {
        const auto copy = [&](Row row, std::string_view bytes) -> Status {
            auto object = decode_object(bytes);
            if (!object || (!former_ && !chosen_.contains(row))) return Ok{};
            if (builder_ && row >= segment_end_) TRY(end_segment());
            if (!builder_) {
                segment_end_ = row / kSegmentRows * kSegmentRows + kSegmentRows;
                builder_ = std::make_unique<SegmentBuilder>(row);
            }
            return copy_object(row, bytes, std::move(*object));
        };
        TRY(for_each_object(copy));
        return builder_ ? end_segment() : Ok{};
    }

    Status copy_object(Row row, std::string_view bytes, Object object) {
        if (!schema_.objects_are_plain()) {
            from_stored(schema_, object.properties);
            to_stored(schema_, object.properties);
        }
        const AnalysedObject analysed = analyse(schema_, tokenizer_, object.properties);
        builder_->add(row, analysed, object.created_ms, object.updated_ms);
        for (const AnalysedObject::Length& length : analysed.lengths) {
            // Those come into the sums when the change of the property is done.
            const bool later = std::ranges::any_of(schema_.changes, [&](const auto& change) {
                return change.number == length.property && row < change.end;
            });
            if (later) continue;
            state_.stats[length.property].terms += length.terms;
            ++state_.stats[length.property].rows;
        }
        std::string row_bytes;
        put_big_endian(row_bytes, row, sizeof(Row));
        TRY(output_.put(Space::ids, id_key(number_, object.id), row_bytes));
        TRY(output_.put(Space::objects, row_key(number_, row), bytes));
        live_.add(row);
        ++state_.documents;
        state_.next_row = row + 1;
        return Ok{};
    }

    Status end_segment() {
        const Segment segment = builder_->finish(segment_end_);
        builder_.reset();
        for (const Segment::Term& term : segment.terms) {
            TRY(output_.put(
                Space::terms, term_key(number_, term.name, segment.begin), term.postings
            ));
        }
        for (const auto& [property, column] : segment.columns) {
            std::string bytes;
            encode_column(column, segment.begin, bytes);
            TRY(output_.put(Space::columns, column_key(number_, property, segment.begin), bytes));
        }
        sealed_.push_back({segment.begin, segment.end});
        return Ok{};
    }

    Status copy_vectors() {
        const std::string prefix = collection_prefix(schema_.number);
        const auto cursor = snapshot_->cursor(Space::vectors, prefix, end_of_prefix(prefix));
        std::map<VectorSlot, index::RowSet> rows;
        for (; cursor->valid(); cursor->next()) {
            const std::string_view rest = cursor->key().substr(prefix.size());
            const auto row = static_cast<Row>(big_endian_of(rest.substr(0, sizeof(Row))));
            const auto slot = static_cast<VectorSlot>(big_endian_of(rest.substr(sizeof(Row))));
            const auto vector = decode_vector(cursor->value());
            if (!live_.contains(row) || !vector || !fits(slot, vector->size())) continue;
            TRY(output_.put(Space::vectors, vector_key(number_, row, slot), cursor->value()));
            rows[slot].add(row);
        }
        TRY(cursor->status());
        for (auto& [slot, set] : rows)
            state_.vectors[slot].rows = std::make_shared<const index::RowSet>(std::move(set));
        return Ok{};
    }

    // All vectors of a slot have the dimensions of its first.
    bool fits(VectorSlot slot, std::size_t dimensions) {
        std::size_t& known = state_.vectors[slot].dimensions;
        if (known == 0 && former_) {
            const VectorField* field = former_->vector_field(slot);
            known = field == nullptr ? 0 : field->dimensions;
        }
        if (known == 0 && slot == 0) known = schema_.schema.dimensions;
        if (known == 0) known = dimensions;
        return known == dimensions;
    }

    Status finish() {
        count_losses();
        done_.objects = state_.documents;
        if (former_) state_.next_row = std::max(state_.next_row, former_->next_row);
        if (!sealed_.empty()) state_.next_row = std::max(state_.next_row, sealed_.back().end);
        state_.live = std::make_shared<const index::RowSet>(std::move(live_));
        std::erase_if(state_.vectors, [](const auto& f) { return f.second.rows == nullptr; });
        TRY(output_.put(Space::catalog, state_key(number_), encode_state(state_, sealed_)));
        return output_.flush();
    }

    void count_losses() {
        if (!former_) return;
        done_.lost_objects = former_->live->count() - live_.count();
        for (const auto& [slot, field] : former_->vectors) {
            const auto now = state_.vectors.find(slot);
            field.rows->for_each([&](Row row) {
                const bool there = now != state_.vectors.end() && now->second.rows != nullptr &&
                                   now->second.rows->contains(row);
                if (live_.contains(row) && !there) ++done_.lost_vectors;
            });
        }
    }

    KeyValueStore& store_;
    const index::Tokenizer& tokenizer_;
    const StoredSchema& schema_;
    const CollectionNumber number_;
    const std::span<const Loss> losses_;
    Output output_;

    std::optional<CollectionState> former_;
    std::shared_ptr<const KeyValueSnapshot> snapshot_;
    index::RowSet chosen_;  // without a former state

    std::unique_ptr<SegmentBuilder> builder_;
    Row segment_end_ = 0;
    std::vector<SealedSegment> sealed_;
    index::RowSet live_;
    CollectionState state_;
    Rebuilt done_;
};

}  // namespace

std::vector<Loss> losses_of(std::span<const Loss> losses, CollectionNumber number) {
    const std::string begin = collection_prefix(number);
    const std::string end = end_of_prefix(begin);
    std::vector<Loss> own;
    for (const Loss& loss : losses) {
        if (loss.first < end && loss.last >= begin) own.push_back(loss);
    }
    return own;
}

Result<Rebuilt> rebuild_objects(
    KeyValueStore& store,
    const index::Tokenizer& tokenizer,
    const StoredSchema& schema,
    CollectionNumber number,
    std::span<const Loss> losses
) {
    return Rebuilding(store, tokenizer, schema, number, losses).run();
}

}  // namespace moat::collections
