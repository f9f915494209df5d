#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "collections/collection.h"
#include "collections/group_writer.h"
#include "collections/key_value_store.h"
#include "collections/loading.h"
#include "collections/object_reader.h"
#include "collections/state.h"
#include "collections/upkeep_options.h"
#include "index/tokenizer.h"

namespace moat::collections {

std::string schema_key(std::string_view name);
std::string state_key(CollectionNumber number);

// A collection on a key-value store.
//
// Readers take the current state and never wait. Writers that arrive together become one commit:
// the first of them leads, the others wait for it. Behind them, maintain() merges the small index
// segments of single writes in memory, and seals them into the store when there are many.
//
// Threads: any. Borrows: the store, the tokenizer and the clock.
class StoredCollection final : public Collection {
  public:
    struct Environment {
        KeyValueStore& store;
        const index::Tokenizer& tokenizer;
        const Clock& clock;
        IndexPlace indexes;
        UpkeepOptions upkeep;
        FindCollection find;
        // One tenant of a collection: another keeps the schema (adopt()).
        bool is_tenant = false;
        // Called after a write that leaves work for maintain(). Must not block.
        std::function<void(StoredCollection&)> needs_care;
    };

    // Errors: io, corrupt, unsupported.
    static Result<std::shared_ptr<StoredCollection>> open(
        const Environment& environment, StoredSchema schema
    );

    Schema schema() const override;
    Status add_property(const Principal& who, const Property& property) override;
    Status write(const Principal& who, WriteBatch batch) override;
    Result<Object> get(const Principal& who, const Uuid& id, bool with_vector) const override;
    Result<SearchResult> search(const Principal& who, const SearchRequest& request) const override;
    Result<std::vector<Object>> list(const Principal& who, const ListRequest& request)
        const override;
    Result<std::uint64_t> count(const Principal& who, const std::optional<Filter>& filter)
        const override;

    Status check(const Principal& who, const Object& object) const override;
    Status modify(const Principal& who, const Uuid& id, const Change& change) override;
    Result<std::vector<AggregateGroup>> aggregate(
        const Principal& who, const AggregateRequest& request
    ) const override;
    Result<std::vector<ShardStatus>> shards(const Principal& who) const override;
    Status rename_property(const Principal& who, std::string_view from, const std::string& to)
        override;
    Status drop_property(const Principal& who, std::string_view name) override;
    Status change_property(const Principal& who, const Property& changed) override;
    std::vector<PropertyChange> changes() const override;
    Status configure(const Principal& who, const Schema& wanted) override;
    Status add_vector(const Principal& who, const NamedVector& vector) override;
    Status drop_vector(const Principal& who, std::string_view name) override;
    Result<std::vector<Tenant>> tenants(const Principal& who) const override;
    Status put_tenants(const Principal& who, std::span<const Tenant> tenants) override;
    Status remove_tenants(const Principal& who, std::span<const std::string> names) override;
    Result<std::shared_ptr<Collection>> tenant(
        const Principal& who, std::string_view name, bool for_write
    ) override;

    std::shared_ptr<const CollectionState> current() const;

    // Does one piece of what is due: merges and seals segments, changes indexes of properties,
    // brings vectors into the graph, saves the graph. False: nothing is left. One thread at a time.
    // Errors: io, corrupt, too_large.
    Result<bool> maintain();
    // Seals whatever is in memory, due or not; on the thread of maintain().
    Status seal();
    // Takes over the schema of the collection this is a tenant of.
    Status adopt(const StoredSchema& schema);
    // As Database::rename(); references are not its matter.
    Status rename(const std::string& name);
    // From now on every call is not_found.
    void drop();

  private:
    struct Waiting {
        PreparedBatch batch;
        std::optional<Status> result;  // guarded by queue_mutex_
    };

    StoredCollection(const Environment& environment, CollectionState state);

    void publish(CollectionState state);
    Result<std::shared_ptr<const CollectionState>> readable(const Principal& who) const;

    SearchContext context() const;
    void lead(std::unique_lock<std::mutex>& lock);
    void commit_group(const std::vector<Waiting*>& group);
    Status commit_changes(
        const CollectionState& before, GroupWriter::Outcome outcome, KeyValueBatch& changes
    );
    Status write_prepared(PreparedBatch batch);
    Status add_to(GroupWriter& writer, const CollectionState& state, PreparedBatch& batch) const;
    Result<std::map<VectorSlot, VectorField>> vectors_for(
        const CollectionState& before, const GroupWriter::Outcome& outcome
    ) const;
    static Result<Row> row_of(const CollectionState& state, const Uuid& id);
    using ChangeSchema = std::function<Status(StoredSchema&)>;
    Status change_schema(const ChangeSchema& change);
    Status change_schema_locked(const ChangeSchema& change);

    // Checks some more of a graph that was restored; one that is damaged is started over.
    Result<bool> verify_graph(const CollectionState& state, VectorSlot slot);
    Result<bool> maintain_segments();
    Result<bool> remove_expired();
    Result<bool> maintain_schema();
    Status erase_former();
    Status erase_former_vectors();
    Status reindex(const StoredSchema::Change& change);
    Status give_up(const StoredSchema::Change& change, const std::string& why);
    Status finish_change(const StoredSchema::Change& change, const PropertyStats& stats);
    Result<bool> maintain_vectors();  // whether all are in their graphs
    Status merge_tail(std::size_t first, std::size_t count);
    Status store_segment(const CollectionState& state, const Segment& merged);
    Status finish_seal(const CollectionState& state, const Segment& merged);
    Status purge(const CollectionState& state, const Segment& merged, KeyValueBatch& changes);

    const Environment environment_;

    mutable std::mutex state_mutex_;
    std::shared_ptr<const CollectionState> state_;  // guarded by state_mutex_
    std::atomic<bool> dropped_ = false;

    std::mutex write_mutex_;  // whoever changes the state holds it from reading to publishing

    std::atomic<std::uint64_t> reindexed_ = 0;  // objects of the change under way
    mutable std::mutex failures_mutex_;
    std::map<std::string, std::string> failures_;  // of changes of properties; guarded by it

    std::mutex queue_mutex_;
    std::condition_variable finished_;
    std::deque<Waiting*> queue_;  // guarded by queue_mutex_
    bool leading_ = false;        // guarded by queue_mutex_
};

}  // namespace moat::collections
