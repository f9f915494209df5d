#include "collections/stored_collection.h"

#include <algorithm>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/log.h"
#include "base/test_point.h"
#include "collections/object_codec.h"
#include "collections/searcher.h"

namespace moat::collections {
namespace {

constexpr std::size_t kMaxGroupObjects = 2000;

std::string name_of(const CollectionState& state) {
    return state.schema->schema.name;
}

Error not_built() {
    return {ErrorCode::unsupported, "collections cannot do this yet"};
}

Result<CollectionState> load_state(KeyValueStore& store, StoredSchema schema) {
    const auto snapshot = store.snapshot();
    const CollectionNumber number = schema.number;
    TRY_ASSIGN(const auto sealed, snapshot->get(Space::catalog, state_key(number)));
    CollectionState state;
    if (sealed) {
        TRY_ASSIGN(state, decode_state(*sealed));
    } else {
        state.live = std::make_shared<const index::RowSet>();
        state.with_vector = std::make_shared<const index::RowSet>();
    }
    state.schema = std::make_shared<const StoredSchema>(std::move(schema));
    state.snapshot = snapshot;
    const std::string begin = log_key(number, state.next_sequence);
    const auto cursor =
        snapshot->cursor(Space::log, begin, end_of_prefix(collection_prefix(number)));
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
    TRY(cursor->status());
    return state;
}

Status load_vectors(CollectionState& state, VectorStorage& storage) {
    const Schema& schema = state.schema->schema;
    if (schema.dimensions == 0) return Ok{};
    auto restored = storage.restore(schema.dimensions, schema.distance, state.next_row);
    if (!restored) {
        if (restored.error().code != ErrorCode::not_found) {
            log::warning(
                "the vector graph of collection '{}' is built anew: {}",
                schema.name,
                restored.error().message
            );
        }
        TRY_ASSIGN(restored, storage.create(schema.dimensions, schema.distance));
    }
    const std::shared_ptr<index::VectorIndex> vectors = *restored;
    TRY(vectors->reserve(state.next_row));
    const std::string prefix = collection_prefix(state.schema->number);
    const auto cursor = state.snapshot->cursor(
        Space::vectors, row_key(state.schema->number, vectors->graph_end()), end_of_prefix(prefix)
    );
    for (; cursor->valid(); cursor->next()) {
        const auto row = static_cast<Row>(big_endian_of(cursor->key().substr(prefix.size())));
        TRY_ASSIGN(const auto vector, decode_vector(cursor->value()));
        if (row >= state.next_row || vector.size() != schema.dimensions) {
            return Error{
                ErrorCode::corrupt,
                fmt::format("collection '{}' holds a vector that fits no object", schema.name)
            };
        }
        vectors->put(row, vector);
    }
    TRY(cursor->status());
    state.vectors = vectors;
    return Ok{};
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
    TRY_ASSIGN(CollectionState state, load_state(environment.store, std::move(schema)));
    auto storage = std::make_unique<VectorStorage>(
        environment.vector_folder, state.schema->number, environment.upkeep
    );
    TRY(load_vectors(state, *storage));
    return std::shared_ptr<StoredCollection>(
        new StoredCollection(environment, std::move(state), std::move(storage))
    );
}

StoredCollection::StoredCollection(
    const Environment& environment,
    CollectionState state,
    std::unique_ptr<VectorStorage> vector_storage
)
    : environment_(environment),
      vector_storage_(std::move(vector_storage)),
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
    return current()->schema->schema;
}

Status StoredCollection::add_property(const Principal& who, const Property& property) {
    TRY(readable(who));
    TRY(validate(property));
    const std::scoped_lock lock(write_mutex_);
    CollectionState state = *current();
    StoredSchema schema = *state.schema;
    if (const Property* existing = schema.schema.find(property.name)) {
        const bool equal = existing->type == property.type && existing->array == property.array &&
                           existing->tokenization == property.tokenization &&
                           existing->filterable == property.filterable &&
                           existing->searchable == property.searchable;
        if (equal) return Ok{};
        return Error{
            ErrorCode::conflict,
            fmt::format("property '{}' exists already and is another", property.name)
        };
    }
    schema.add(property);
    TRY(validate(schema.schema));
    const auto changes = environment_.store.new_batch();
    changes->put(Space::catalog, schema_key(schema.schema.name), schema.to_json());
    TRY(environment_.store.commit(*changes, Durability::synced));
    state.schema = std::make_shared<const StoredSchema>(std::move(schema));
    publish(std::move(state));
    return Ok{};
}

Status StoredCollection::write(const Principal& who, WriteBatch batch) {
    TRY_ASSIGN(const auto state, readable(who));
    Waiting waiting;
    TRY_ASSIGN(
        waiting.batch, prepare_batch(*state->schema, environment_.tokenizer, std::move(batch))
    );
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
            Status added = dropped_
                               ? Status(Error{ErrorCode::not_found, "the collection was removed"})
                               : writer.add(waiting->batch);
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

Result<std::shared_ptr<index::VectorIndex>> StoredCollection::vectors_for(
    const CollectionState& before, const GroupWriter::Outcome& outcome
) {
    auto vectors = before.vectors;
    if (outcome.dimensions == 0) return vectors;
    if (vectors == nullptr) {
        TRY_ASSIGN(
            vectors, vector_storage_->create(outcome.dimensions, before.schema->schema.distance)
        );
    }
    TRY(vectors->reserve(outcome.record.segment.end));
    return vectors;
}

Status StoredCollection::commit_changes(
    const CollectionState& before, GroupWriter::Outcome outcome, KeyValueBatch& changes
) {
    TRY_ASSIGN(const auto vectors, vectors_for(before, outcome));
    auto schema = before.schema;
    if (outcome.dimensions != schema->schema.dimensions) {
        StoredSchema grown = *schema;
        grown.schema.dimensions = outcome.dimensions;
        changes.put(Space::catalog, schema_key(grown.schema.name), grown.to_json());
        schema = std::make_shared<const StoredSchema>(std::move(grown));
    }
    TEST_POINT("write.before_commit");
    TRY(environment_.store.commit(changes, Durability::synced));
    TEST_POINT("write.after_commit");
    for (const auto& [row, vector] : outcome.vectors)
        vectors->put(row, vector);
    CollectionState after = apply(before, std::move(outcome.record));
    after.schema = std::move(schema);
    after.vectors = vectors;
    after.snapshot = environment_.store.snapshot();
    publish(std::move(after));
    return Ok{};
}

Result<Object> StoredCollection::get(const Principal& who, const Uuid& id, bool with_vector) const {
    TRY_ASSIGN(const auto state, readable(who));
    TRY_ASSIGN(const auto row, state->snapshot->get(Space::ids, id_key(state->schema->number, id)));
    if (!row) {
        return Error{
            ErrorCode::not_found,
            fmt::format("collection '{}' has no object {}", name_of(*state), id.text())
        };
    }
    return Searcher(*state, environment_.tokenizer)
        .load(static_cast<Row>(big_endian_of(*row)), with_vector);
}

Result<SearchResult> StoredCollection::search(const Principal& who, const SearchRequest& request)
    const {
    TRY_ASSIGN(const auto state, readable(who));
    return Searcher(*state, environment_.tokenizer).search(request);
}

namespace {

// All of the rows, in id order, but those up to `after`.
Result<std::vector<Object>> load_in_order(
    const Searcher& searcher,
    const index::RowSet& rows,
    const std::optional<Uuid>& after,
    bool with_vector
) {
    std::vector<Row> numbers;
    rows.for_each([&numbers](Row row) { numbers.push_back(row); });
    std::vector<Object> objects;
    for (const Row row : numbers) {
        TRY_ASSIGN(Object object, searcher.load(row, with_vector));
        if (!after || *after < object.id) objects.push_back(std::move(object));
    }
    std::ranges::sort(objects, {}, &Object::id);
    return objects;
}

}  // namespace

Result<std::vector<Object>> StoredCollection::list(const Principal& who, const ListRequest& request)
    const {
    const auto& [after, asked, offset, filter, sort, with_vector] = request;
    if (offset != 0 || !sort.empty()) return not_built();
    TRY_ASSIGN(const auto state, readable(who));
    const Searcher searcher(*state, environment_.tokenizer);
    TRY_ASSIGN(const index::RowSet rows, searcher.allowed(filter));
    const std::size_t limit = std::min(asked, kMaxSearchDepth);
    // What a filter leaves is often little: a walk over all ids would cost as much for one object.
    if (filter && rows.count() <= limit) return load_in_order(searcher, rows, after, with_vector);
    const CollectionNumber number = state->schema->number;
    const std::string prefix = collection_prefix(number);
    // A zero byte more is the next key after `after` itself.
    const std::string begin = after ? id_key(number, *after) + '\0' : prefix;
    const auto cursor = state->snapshot->cursor(Space::ids, begin, end_of_prefix(prefix));
    std::vector<Object> objects;
    for (; cursor->valid() && objects.size() < limit; cursor->next()) {
        const auto row = static_cast<Row>(big_endian_of(cursor->value()));
        if (!rows.contains(row)) continue;
        TRY_ASSIGN(Object object, searcher.load(row, with_vector));
        objects.push_back(std::move(object));
    }
    TRY(cursor->status());
    return objects;
}

Result<std::uint64_t> StoredCollection::count(
    const Principal& who, const std::optional<Filter>& filter
) const {
    TRY_ASSIGN(const auto state, readable(who));
    if (!filter) return state->documents;
    TRY_ASSIGN(const index::RowSet rows, Searcher(*state, environment_.tokenizer).allowed(filter));
    return std::uint64_t{rows.count()};
}

Status StoredCollection::check(const Principal& who, const Object& object) const {
    TRY_ASSIGN(const auto state, readable(who));
    json::Object properties = object.properties;
    return normalise_properties(state->schema->schema, properties);
}
Status StoredCollection::modify(const Principal&, const Uuid&, const Change&) {
    return not_built();
}
Result<std::vector<AggregateGroup>> StoredCollection::
    aggregate(const Principal&, const AggregateRequest&) const {
    return not_built();
}
Status StoredCollection::rename_property(const Principal&, std::string_view, const std::string&) {
    return not_built();
}
Status StoredCollection::drop_property(const Principal&, std::string_view) {
    return not_built();
}
Status StoredCollection::change_property(const Principal&, const Property&) {
    return not_built();
}
std::vector<PropertyChange> StoredCollection::changes() const {
    return {};
}
Status StoredCollection::configure(const Principal&, const Schema&) {
    return not_built();
}
Status StoredCollection::add_vector(const Principal&, const NamedVector&) {
    return not_built();
}
Result<std::vector<Tenant>> StoredCollection::tenants(const Principal&) const {
    return not_built();
}
Status StoredCollection::put_tenants(const Principal&, std::span<const Tenant>) {
    return not_built();
}
Status StoredCollection::remove_tenants(const Principal&, std::span<const std::string>) {
    return not_built();
}
Result<std::shared_ptr<Collection>> StoredCollection::tenant(
    const Principal&, std::string_view, bool
) {
    return not_built();
}

void StoredCollection::drop() {
    const std::scoped_lock lock(write_mutex_);
    dropped_ = true;
}

}  // namespace moat::collections
