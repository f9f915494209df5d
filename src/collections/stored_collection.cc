#include "collections/stored_collection.h"

#include <algorithm>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/log.h"
#include "base/test_point.h"
#include "collections/aggregator.h"
#include "collections/listing.h"
#include "collections/searcher.h"

namespace moat::collections {
namespace {

constexpr std::size_t kMaxGroupObjects = 2000;

std::string name_of(const CollectionState& state) {
    return state.schema->schema.name;
}

Error no_object(const CollectionState& state, const Uuid& id) {
    return {
        ErrorCode::not_found,
        fmt::format("collection '{}' has no object {}", name_of(state), id.text())
    };
}

Error no_tenants(const CollectionState& state) {
    return {
        ErrorCode::invalid_argument, fmt::format("collection '{}' has no tenants", name_of(state))
    };
}

}  // namespace

std::string schema_key(std::string_view name) {
    return "schema/" + std::string(name);
}

std::string state_key(CollectionNumber number) {
    return "state/" + collection_prefix(number);
}

Result<std::shared_ptr<StoredCollection>> StoredCollection::open(
    const Environment& environment, StoredSchema schema
) {
    TRY_ASSIGN(
        CollectionState state, load_state(environment.store, std::move(schema), environment.indexes)
    );
    return std::shared_ptr<StoredCollection>(new StoredCollection(environment, std::move(state)));
}

StoredCollection::StoredCollection(const Environment& environment, CollectionState state)
    : environment_(environment),
      state_(std::make_shared<const CollectionState>(std::move(state))) {}

std::shared_ptr<const CollectionState> StoredCollection::current() const {
    const std::scoped_lock lock(state_mutex_);
    return state_;
}

void StoredCollection::publish(CollectionState state) {
    auto next = std::make_shared<const CollectionState>(std::move(state));
    {
        const std::scoped_lock lock(state_mutex_);
        state_.swap(next);
    }
    // The former state is let go here, outside of the lock.
}

Result<std::shared_ptr<const CollectionState>> StoredCollection::readable(const Principal& who
) const {
    TRY(access::require(who, Role::user));
    auto state = current();
    if (dropped_) {
        return Error{
            ErrorCode::not_found, fmt::format("collection '{}' was removed", name_of(*state))
        };
    }
    return state;
}

Schema StoredCollection::schema() const {
    return current()->full_schema();
}

Status StoredCollection::write(const Principal& who, WriteBatch batch) {
    TRY_ASSIGN(const auto state, readable(who));
    TRY_ASSIGN(
        PreparedBatch prepared,
        prepare_batch(state->schema, environment_.tokenizer, std::move(batch))
    );
    return write_prepared(std::move(prepared));
}

Status StoredCollection::write_prepared(PreparedBatch batch) {
    Waiting waiting;
    waiting.batch = std::move(batch);
    std::unique_lock lock(queue_mutex_);
    queue_.push_back(&waiting);
    while (!waiting.result) {
        if (leading_) {
            finished_.wait(lock);
        } else {
            lead(lock);
        }
    }
    return *waiting.result;
}

Status StoredCollection::modify(const Principal& who, const Uuid& id, const Change& change) {
    constexpr int kTries = 100;
    for (int i = 0; i < kTries; ++i) {
        TRY_ASSIGN(const auto state, readable(who));
        TRY_ASSIGN(const Row row, row_of(*state, id));
        TRY_ASSIGN(Object object, ObjectReader(*state).load(row, true));
        TRY(change(object));
        object.id = id;
        WriteBatch batch;
        batch.puts.push_back(std::move(object));
        TRY_ASSIGN(
            PreparedBatch prepared,
            prepare_batch(state->schema, environment_.tokenizer, std::move(batch))
        );
        prepared.expected = row;
        Status written = write_prepared(std::move(prepared));
        if (written || written.error().code != ErrorCode::conflict) return written;
    }
    return Error{
        ErrorCode::busy, fmt::format("object {} is changed all the time; try again", id.text())
    };
}

void StoredCollection::lead(std::unique_lock<std::mutex>& lock) {
    leading_ = true;
    std::vector<Waiting*> group;
    std::size_t objects = 0;
    while (!queue_.empty() && (group.empty() || objects < kMaxGroupObjects)) {
        objects += queue_.front()->batch.puts.size();
        group.push_back(queue_.front());
        queue_.pop_front();
    }
    lock.unlock();
    commit_group(group);
    lock.lock();
    leading_ = false;
    finished_.notify_all();
}

void StoredCollection::commit_group(const std::vector<Waiting*>& group) {
    std::vector<Waiting*> included;
    std::vector<std::pair<Waiting*, Status>> results;
    {
        const std::scoped_lock lock(write_mutex_);
        const auto before = current();
        const auto changes = environment_.store.new_batch();
        GroupWriter writer(
            *before, environment_.tokenizer, unix_ms(environment_.clock.now()), *changes
        );
        for (Waiting* waiting : group) {
            Status added = add_to(writer, *before, waiting->batch);
            if (added) {
                included.push_back(waiting);
            } else {
                results.emplace_back(waiting, std::move(added));
            }
        }
        Status committed = Ok{};
        if (!included.empty()) committed = commit_changes(*before, writer.finish(), *changes);
        for (Waiting* waiting : included)
            results.emplace_back(waiting, committed);
    }
    {
        const std::scoped_lock lock(queue_mutex_);
        for (auto& [waiting, result] : results)
            waiting->result = std::move(result);
    }
    if (environment_.needs_care) environment_.needs_care(*this);
}

Status StoredCollection::add_to(
    GroupWriter& writer, const CollectionState& state, PreparedBatch& batch
) const {
    if (dropped_) return Error{ErrorCode::not_found, "the collection was removed"};
    if (batch.schema != state.schema) {
        TRY(prepare_again(batch, state.schema, environment_.tokenizer));
    }
    return writer.add(batch);
}

Result<std::map<VectorSlot, VectorField>> StoredCollection::vectors_for(
    const CollectionState& before, const GroupWriter::Outcome& outcome
) const {
    std::map<VectorSlot, VectorField> fields;
    for (const auto& [slot, vectors] : outcome.record.vectors) {
        const VectorField* known = before.vector_field(slot);
        VectorField field = known == nullptr ? VectorField() : *known;
        if (field.index == nullptr) {
            field.dimensions = vectors.dimensions;
            TRY(make_vectors(*before.schema, slot, environment_.indexes, field));
        }
        TRY(field.index->reserve(outcome.record.segment.end));
        fields[slot] = std::move(field);
    }
    return fields;
}

Status StoredCollection::commit_changes(
    const CollectionState& before, GroupWriter::Outcome outcome, KeyValueBatch& changes
) {
    TRY_ASSIGN(const auto fields, vectors_for(before, outcome));
    TEST_POINT("write.before_commit");
    TRY(environment_.store.commit(changes, Durability::synced));
    TEST_POINT("write.after_commit");
    for (const auto& [slot, vectors] : outcome.vectors) {
        for (const auto& [row, values] : vectors)
            fields.at(slot).index->put(row, values);
    }
    CollectionState after = apply(before, std::move(outcome.record));
    for (const auto& [slot, field] : fields) {
        after.vectors[slot].index = field.index;
        after.vectors[slot].storage = field.storage;
    }
    after.snapshot = environment_.store.snapshot();
    publish(std::move(after));
    return Ok{};
}

Result<Row> StoredCollection::row_of(const CollectionState& state, const Uuid& id) {
    TRY_ASSIGN(const auto row, state.snapshot->get(Space::ids, id_key(state.schema->number, id)));
    if (row) return static_cast<Row>(big_endian_of(*row));
    return no_object(state, id);
}

SearchContext StoredCollection::context() const {
    return {environment_.tokenizer, environment_.find, unix_ms(environment_.clock.now())};
}

Result<Object> StoredCollection::get(const Principal& who, const Uuid& id, bool with_vector) const {
    TRY_ASSIGN(const auto state, readable(who));
    TRY_ASSIGN(const Row row, row_of(*state, id));
    if (state->schema->schema.ttl) {
        TRY_ASSIGN(const index::RowSet rows, allowed_rows(*state, context(), {}));
        if (!rows.contains(row)) return no_object(*state, id);
    }
    return ObjectReader(*state).load(row, with_vector);
}

Result<SearchResult> StoredCollection::search(const Principal& who, const SearchRequest& request)
    const {
    TRY_ASSIGN(const auto state, readable(who));
    const SearchContext with = context();
    return Searcher(*state, with).search(request);
}

Result<std::vector<Object>> StoredCollection::list(const Principal& who, const ListRequest& request)
    const {
    TRY_ASSIGN(const auto state, readable(who));
    if (request.offset > kMaxSearchDepth || request.limit > kMaxSearchDepth - request.offset) {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("offset and limit may not pass {} together", kMaxSearchDepth)
        };
    }
    if (request.after && (request.offset != 0 || !request.sort.empty())) {
        return Error{
            ErrorCode::invalid_argument, "a list goes on after an id without offset and sort"
        };
    }
    TRY_ASSIGN(const index::RowSet rows, allowed_rows(*state, context(), request.filter));
    return list_rows(*state, rows, request);
}

Result<std::uint64_t> StoredCollection::count(
    const Principal& who, const std::optional<Filter>& filter
) const {
    TRY_ASSIGN(const auto state, readable(who));
    if (!filter && !state->schema->schema.ttl) return state->documents;
    TRY_ASSIGN(const index::RowSet rows, allowed_rows(*state, context(), filter));
    return std::uint64_t{rows.count()};
}

Result<std::vector<AggregateGroup>> StoredCollection::aggregate(
    const Principal& who, const AggregateRequest& request
) const {
    TRY_ASSIGN(const auto state, readable(who));
    return aggregate_rows(*state, context(), request);
}

Result<std::vector<ShardStatus>> StoredCollection::shards(const Principal& who) const {
    TRY_ASSIGN(const auto state, readable(who));
    ShardStatus shard{.objects = state->documents};
    for (const auto& [slot, field] : state->vectors) {
        const Row end = field.index->graph_end();
        shard.compressed = shard.compressed || end > 0;
        // So few are scanned for good.
        if (end == 0 && field.rows->count() < environment_.upkeep.graph_rows) continue;
        if (end < state->next_row) shard.waiting_vectors += field.rows->count(end, state->next_row);
    }
    return std::vector<ShardStatus>{std::move(shard)};
}

Status StoredCollection::check(const Principal& who, const Object& object) const {
    TRY_ASSIGN(const auto state, readable(who));
    return check_object(*state->schema, object);
}

Result<std::vector<Tenant>> StoredCollection::tenants(const Principal& who) const {
    TRY_ASSIGN(const auto state, readable(who));
    return no_tenants(*state);
}

Status StoredCollection::put_tenants(const Principal& who, std::span<const Tenant>) {
    TRY_ASSIGN(const auto state, readable(who));
    return no_tenants(*state);
}

Status StoredCollection::remove_tenants(const Principal& who, std::span<const std::string>) {
    TRY_ASSIGN(const auto state, readable(who));
    return no_tenants(*state);
}

Result<std::shared_ptr<Collection>> StoredCollection::tenant(
    const Principal& who, std::string_view, bool
) {
    TRY_ASSIGN(const auto state, readable(who));
    return no_tenants(*state);
}

void StoredCollection::drop() {
    const std::scoped_lock lock(write_mutex_);
    dropped_ = true;
}

}  // namespace moat::collections
