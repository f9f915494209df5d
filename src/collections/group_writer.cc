#include "collections/group_writer.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "base/log.h"
#include "base/parallel.h"
#include "collections/object_codec.h"

namespace moat::collections {
namespace {

constexpr std::size_t kMaxObjectBytes = std::size_t{64} << 20;
constexpr std::size_t kObjectsWorthAThread = 1000;
constexpr std::size_t kThreadsOfABatch = 4;

Status check_vector(const Object& object) {
    if (std::ranges::all_of(object.vector, [](float x) { return std::isfinite(x); })) return Ok{};
    return Error{
        ErrorCode::invalid_argument,
        fmt::format(
            "the vector of object {} holds a value that is no finite number", object.id.text()
        )
    };
}

Result<PreparedBatch::Put> prepare_put(
    const StoredSchema& schema, const index::Tokenizer& tokenizer, Object object
) {
    TRY(check_vector(object));
    TRY(normalise_properties(schema.schema, object.properties));
    PreparedBatch::Put put{
        .id = object.id,
        .created_ms = object.created_ms,
        .vector = std::move(object.vector),
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
    const StoredSchema& schema, const index::Tokenizer& tokenizer, WriteBatch batch
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
            TRY_ASSIGN(prepared.puts[i], prepare_put(schema, tokenizer, std::move(batch.puts[i])));
        }
        return Ok{};
    };
    TRY(parallel_parts(batch.puts.size(), kObjectsWorthAThread, kThreadsOfABatch, prepare));
    drop_repeated(prepared.puts);
    return prepared;
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
    outcome_.dimensions = state.schema->schema.dimensions;
}

Status GroupWriter::check_dimensions(const PreparedBatch& batch, std::size_t& dimensions) const {
    for (const PreparedBatch::Put& put : batch.puts) {
        const std::size_t found = put.vector.size();
        if (found == 0) continue;
        if (dimensions == 0) dimensions = found;
        if (found == dimensions) continue;
        return Error{
            ErrorCode::invalid_argument,
            fmt::format(
                "the vector of object {} has {} dimensions, those of collection '{}' have {}",
                put.id.text(),
                found,
                state_.schema->schema.name,
                dimensions
            )
        };
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
    std::size_t dimensions = outcome_.dimensions;
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
    for (const PreparedBatch::Put& put : batch.puts)
        TRY(find(put.id));

    // Nothing below can fail.
    outcome_.dimensions = dimensions;
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

void GroupWriter::remove(const Former& former) {
    const CollectionNumber collection = state_.schema->number;
    changes_.remove(Space::ids, id_key(collection, former.id));
    changes_.remove(Space::objects, row_key(collection, former.row));
    changes_.remove(Space::vectors, row_key(collection, former.row));
    moved_[former.id] = std::nullopt;
    outcome_.record.removed.push_back(former.row);
    builder_.remove(former.row, former.analysed);
    count(former.analysed, -1);
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
    if (put.vector.empty()) {
        outcome_.record.without_vector.push_back(row);
    } else {
        changes_.put(Space::vectors, row_key(collection, row), encode_vector(put.vector));
        outcome_.vectors.emplace_back(row, put.vector);
    }
    moved_[put.id] = row;
    added_[row] = {&put, created_ms};
    builder_.add(row, put.analysed, created_ms, now_ms_);
    count(put.analysed, 1);
}

void GroupWriter::count(const AnalysedObject& object, std::int64_t sign) {
    for (const AnalysedObject::Length& length : object.lengths) {
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
    changes_.put(
        Space::log, log_key(state_.schema->number, state_.next_sequence), encode_log_record(record)
    );
    return std::move(outcome_);
}

}  // namespace moat::collections
