#include "collections/group_writer.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "base/log.h"
#include "base/parallel.h"
#include "collections/object_codec.h"
#include "collections/stored_object.h"

namespace moat::collections {
namespace {

constexpr std::size_t kMaxObjectBytes = std::size_t{64} << 20;
constexpr std::size_t kObjectsWorthAThread = 1000;
constexpr std::size_t kThreadsOfABatch = 4;

Status check_vector(const Uuid& id, std::span<const float> vector) {
    if (std::ranges::all_of(vector, [](float x) { return std::isfinite(x); })) return Ok{};
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("the vector of object {} holds a value that is no finite number", id.text())
    };
}

Result<std::map<VectorSlot, std::vector<float>>> take_vectors(
    const StoredSchema& schema, Object& object
) {
    std::map<VectorSlot, std::vector<float>> vectors;
    if (!object.vector.empty()) vectors[0] = std::move(object.vector);
    for (auto& [name, vector] : object.vectors) {
        const auto slot = name.empty() ? std::nullopt : schema.slot_of(name);
        if (!slot) {
            return Error{
                ErrorCode::invalid_argument,
                fmt::format("collection '{}' has no vector '{}'", schema.schema.name, name)
            };
        }
        if (!vector.empty()) vectors[*slot] = std::move(vector);
    }
    for (const auto& [slot, vector] : vectors)
        TRY(check_vector(object.id, vector));
    return vectors;
}

Result<PreparedBatch::Put> prepare_put(
    const StoredSchema& schema, const index::Tokenizer& tokenizer, Object object
) {
    TRY(normalise_properties(schema.schema, object.properties));
    to_stored(schema, object.properties);
    TRY_ASSIGN(auto vectors, take_vectors(schema, object));
    PreparedBatch::Put put{
        .id = object.id,
        .created_ms = object.created_ms,
        .vectors = std::move(vectors),
        .properties = encode_properties(object.properties),
        .analysed = analyse(schema, tokenizer, object.properties),
    };
    if (put.properties.size() <= kMaxObjectBytes) return put;
    return Error{
        ErrorCode::too_large,
        fmt::format("object {} is over {} bytes", object.id.text(), kMaxObjectBytes)
    };
}

void drop_repeated(std::vector<PreparedBatch::Put>& puts) {
    std::unordered_map<Uuid, std::size_t, UuidHash> last;
    last.reserve(puts.size());
    for (std::size_t i = 0; i < puts.size(); ++i)
        last[puts[i].id] = i;
    if (last.size() == puts.size()) return;
    std::size_t i = 0;
    std::erase_if(puts, [&](const PreparedBatch::Put& put) { return last.at(put.id) != i++; });
}

}  // namespace

Result<PreparedBatch> prepare_batch(
    std::shared_ptr<const StoredSchema> schema, const index::Tokenizer& tokenizer, WriteBatch batch
) {
    if (batch.puts.size() > kMaxBatchObjects || batch.removes.size() > kMaxBatchObjects) {
        return Error{
            ErrorCode::too_large,
            fmt::format("a batch may hold {} objects at most", kMaxBatchObjects)
        };
    }
    PreparedBatch prepared;
    const std::set<Uuid> removes(batch.removes.begin(), batch.removes.end());
    prepared.removes.assign(removes.begin(), removes.end());
    prepared.puts.resize(batch.puts.size());
    const auto prepare = [&](std::size_t begin, std::size_t end) -> Status {
        for (std::size_t i = begin; i < end; ++i) {
            TRY_ASSIGN(prepared.puts[i], prepare_put(*schema, tokenizer, std::move(batch.puts[i])));
        }
        return Ok{};
    };
    TRY(parallel_parts(batch.puts.size(), kObjectsWorthAThread, kThreadsOfABatch, prepare));
    drop_repeated(prepared.puts);
    prepared.mode = batch.mode;
    prepared.schema = std::move(schema);
    return prepared;
}

Status prepare_again(
    PreparedBatch& batch,
    std::shared_ptr<const StoredSchema> schema,
    const index::Tokenizer& tokenizer
) {
    for (PreparedBatch::Put& put : batch.puts) {
        TRY_ASSIGN(json::Object properties, decode_properties(put.properties));
        // By the names of then to the names of now: what was renamed keeps its key, and a value of
        // a former type is converted.
        from_stored(*schema, properties);
        TRY(normalise_properties(schema->schema, properties));
        to_stored(*schema, properties);
        put.properties = encode_properties(properties);
        put.analysed = analyse(*schema, tokenizer, properties);
        std::erase_if(put.vectors, [&](const auto& vector) {
            return !schema->has_slot(vector.first);  // dropped meanwhile
        });
    }
    batch.schema = std::move(schema);
    return Ok{};
}

Status check_object(const StoredSchema& schema, Object object) {
    TRY(normalise_properties(schema.schema, object.properties));
    TRY(take_vectors(schema, object));
    return Ok{};
}

GroupWriter::GroupWriter(
    const CollectionState& state,
    const index::Tokenizer& tokenizer,
    std::int64_t now_ms,
    KeyValueBatch& changes
)
    : state_(state),
      tokenizer_(tokenizer),
      now_ms_(now_ms),
      changes_(changes),
      builder_(state.next_row),
      next_row_(state.next_row) {
    const Schema schema = state.full_schema();
    dimensions_[0] = schema.dimensions;
    for (std::size_t i = 0; i < schema.vectors.size(); ++i)
        dimensions_[state.schema->slots[i]] = schema.vectors[i].dimensions;
}

Status GroupWriter::check_dimensions(const PreparedBatch& batch, Dimensions& dimensions) const {
    for (const PreparedBatch::Put& put : batch.puts) {
        for (const auto& [slot, vector] : put.vectors) {
            std::size_t& wanted = dimensions[slot];
            if (wanted == 0) wanted = vector.size();
            if (vector.size() == wanted) continue;
            return Error{
                ErrorCode::invalid_argument,
                fmt::format(
                    "the vector of object {} has {} dimensions, those of collection '{}' have {}",
                    put.id.text(),
                    vector.size(),
                    state_.schema->schema.name,
                    wanted
                )
            };
        }
    }
    return Ok{};
}

Result<std::optional<Row>> GroupWriter::row_of(const Uuid& id) const {
    if (const auto moved = moved_.find(id); moved != moved_.end()) return moved->second;
    TRY_ASSIGN(
        const auto bytes, state_.snapshot->get(Space::ids, id_key(state_.schema->number, id))
    );
    if (!bytes) return std::optional<Row>();
    return std::optional(static_cast<Row>(big_endian_of(*bytes)));
}

Result<std::optional<GroupWriter::Former>> GroupWriter::former(const Uuid& id) const {
    TRY_ASSIGN(const auto row, row_of(id));
    if (!row) return std::optional<Former>();
    Former former{id, *row, 0, {}};
    if (const auto added = added_.find(*row); added != added_.end()) {
        former.created_ms = added->second.second;
        former.analysed = added->second.first->analysed;
        return std::optional(std::move(former));
    }
    TRY_ASSIGN(
        const auto bytes, state_.snapshot->get(Space::objects, row_key(state_.schema->number, *row))
    );
    const auto object = decode_object(bytes.value_or(std::string()));
    if (!object) {
        // It can still be replaced. What remains of it is its terms, which count as present.
        log::error(
            "object {} cannot be read and is given up: {}", id.text(), object.error().message
        );
        return std::optional(std::move(former));
    }
    former.created_ms = object->created_ms;
    former.analysed = analyse(*state_.schema, tokenizer_, object->properties);
    return std::optional(std::move(former));
}

Status GroupWriter::add(const PreparedBatch& batch) {
    Dimensions dimensions = dimensions_;
    TRY(check_dimensions(batch, dimensions));
    if (batch.puts.size() > index::kNoRow - next_row_) {
        return Error{ErrorCode::too_large, "the collection has given out all its row numbers"};
    }
    std::map<Uuid, Former> formers;
    const auto find = [&](const Uuid& id) -> Status {
        if (formers.contains(id)) return Ok{};
        TRY_ASSIGN(auto found, former(id));
        if (found) formers.emplace(id, std::move(*found));
        return Ok{};
    };
    for (const Uuid& id : batch.removes)
        TRY(find(id));
    if (batch.only_rows) {
        std::erase_if(formers, [&](const auto& former) {
            return !batch.only_rows->contains(former.second.row);
        });
    }
    for (const PreparedBatch::Put& put : batch.puts)
        TRY(find(put.id));

    TRY(check_mode(batch, formers));

    // Nothing below can fail.
    dimensions_ = std::move(dimensions);
    for (const auto& [id, former] : formers)
        remove(former);
    const std::set<Uuid> removed(batch.removes.begin(), batch.removes.end());
    for (const PreparedBatch::Put& each : batch.puts) {
        const auto before = formers.find(each.id);
        const bool replaces = before != formers.end() && !removed.contains(each.id);
        const std::int64_t given = each.created_ms != 0 ? each.created_ms : now_ms_;
        put(each, replaces ? before->second.created_ms : given);
    }
    return Ok{};
}

Status GroupWriter::check_mode(const PreparedBatch& batch, const std::map<Uuid, Former>& formers)
    const {
    for (const PreparedBatch::Put& put : batch.puts) {
        const auto former = formers.find(put.id);
        if (batch.expected && (former == formers.end() || former->second.row != *batch.expected)) {
            return Error{
                ErrorCode::conflict, fmt::format("object {} was changed meanwhile", put.id.text())
            };
        }
        const bool exists =
            former != formers.end() && !std::ranges::binary_search(batch.removes, put.id);
        if (batch.mode == WriteBatch::Mode::create && exists) {
            return Error{
                ErrorCode::conflict, fmt::format("an object {} exists already", put.id.text())
            };
        }
        if (batch.mode == WriteBatch::Mode::replace && !exists) {
            return Error{ErrorCode::not_found, fmt::format("there is no object {}", put.id.text())};
        }
    }
    return Ok{};
}

void GroupWriter::remove(const Former& former) {
    const CollectionNumber collection = state_.schema->number;
    changes_.remove(Space::ids, id_key(collection, former.id));
    changes_.remove(Space::objects, row_key(collection, former.row));
    for (const auto& [slot, dimensions] : dimensions_)
        changes_.remove(Space::vectors, vector_key(collection, former.row, slot));
    moved_[former.id] = std::nullopt;
    outcome_.record.removed.push_back(former.row);
    builder_.remove(former.row, former.analysed);
    count(former.analysed, -1, former.row);
}

void GroupWriter::put(const PreparedBatch::Put& put, std::int64_t created_ms) {
    const CollectionNumber collection = state_.schema->number;
    const Row row = next_row_++;
    std::string row_bytes;
    put_big_endian(row_bytes, row, 4);
    changes_.put(Space::ids, id_key(collection, put.id), row_bytes);
    changes_.put(
        Space::objects,
        row_key(collection, row),
        encode_object(put.id, created_ms, now_ms_, put.properties)
    );
    for (const auto& [slot, vector] : put.vectors) {
        changes_.put(Space::vectors, vector_key(collection, row, slot), encode_vector(vector));
        outcome_.vectors[slot].push_back({row, vector});
    }
    moved_[put.id] = row;
    added_[row] = {&put, created_ms};
    builder_.add(row, put.analysed, created_ms, now_ms_);
    count(put.analysed, 1, row);
}

// Whether a row was there before the property began to change: such rows come into its sums when
// the change is finished.
bool GroupWriter::is_counted_later(PropertyNumber property, Row row) const {
    return std::ranges::any_of(state_.schema->changes, [&](const StoredSchema::Change& change) {
        return change.number == property && row < change.end;
    });
}

void GroupWriter::count(const AnalysedObject& object, std::int64_t sign, Row row) {
    for (const AnalysedObject::Length& length : object.lengths) {
        if (is_counted_later(length.property, row)) continue;
        PropertyStats& stats = outcome_.record.stats[length.property];
        stats.terms += sign * length.terms;
        stats.rows += sign;
    }
}

GroupWriter::Outcome GroupWriter::finish() {
    LogRecord& record = outcome_.record;
    record.added = next_row_ - state_.next_row;
    std::sort(record.removed.begin(), record.removed.end());
    record.segment = builder_.finish(next_row_);
    for (const auto& [slot, vectors] : outcome_.vectors) {
        LogRecord::Vectors& field = record.vectors[slot];
        field.dimensions = dimensions_.at(slot);
        auto having = vectors.begin();
        for (Row row = state_.next_row; row < next_row_; ++row) {
            if (having != vectors.end() && having->row == row) {
                ++having;
            } else {
                field.without.push_back(row);
            }
        }
    }
    changes_.put(
        Space::log, log_key(state_.schema->number, state_.next_sequence), encode_log_record(record)
    );
    return std::move(outcome_);
}

}  // namespace moat::collections
