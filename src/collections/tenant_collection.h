#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "collections/key_value_store.h"
#include "collections/stored_collection.h"

namespace moat::collections {

// A collection of tenants on a key-value store. Each tenant has a collection number, and so key
// ranges, of its own; a cold or unused one is an entry in a map and nothing else. Some that were
// used lately stay open, their vectors in memory until there are many.
//
// Threads: any. Borrows: the store; what the functions of Parts reach.
class TenantCollection final : public Collection,
                               public std::enable_shared_from_this<TenantCollection> {
  public:
    struct Parts {
        KeyValueStore& store;
        std::shared_ptr<StoredCollection> base;  // keeps the schema; has no objects
        // The first of so many new numbers.
        std::function<Result<CollectionNumber>(std::size_t count)> take_numbers;
        // Opens the objects of a tenant, and puts them under care.
        std::function<Result<std::shared_ptr<StoredCollection>>(
            const StoredSchema& schema, const std::string& tenant
        )>
            open;
        std::function<void(StoredCollection&)> close;
        std::function<Status(CollectionNumber)> remove_files;
    };

    // Reads which tenants there are. Errors: io, corrupt.
    static Result<std::shared_ptr<TenantCollection>> open(Parts parts);

    Schema schema() const override;
    Status write(const Principal& who, WriteBatch batch) override;
    Status check(const Principal& who, const Object& object) const override;
    Status modify(const Principal& who, const Uuid& id, const Change& change) override;
    Result<Object> get(const Principal& who, const Uuid& id, bool with_vector) const override;
    Result<SearchResult> search(const Principal& who, const SearchRequest& request) const override;
    Result<std::vector<Object>> list(const Principal& who, const ListRequest& request)
        const override;
    Result<std::uint64_t> count(const Principal& who, const std::optional<Filter>& filter)
        const override;
    Result<std::vector<AggregateGroup>> aggregate(
        const Principal& who, const AggregateRequest& request
    ) const override;
    Result<std::vector<ShardStatus>> shards(const Principal& who) const override;

    Status add_property(const Principal& who, const Property& property) override;
    Status rename_property(const Principal& who, std::string_view from, const std::string& to)
        override;
    Status drop_property(const Principal& who, std::string_view name) override;
    // Errors also: unsupported, for what needs the objects of all tenants to be indexed again.
    Status change_property(const Principal& who, const Property& changed) override;
    std::vector<PropertyChange> changes() const override;
    Status configure(const Principal& who, const Schema& schema) override;
    Status add_vector(const Principal& who, const NamedVector& vector) override;
    Status drop_vector(const Principal& who, std::string_view name) override;

    Result<std::vector<Tenant>> tenants(const Principal& who) const override;
    Status put_tenants(const Principal& who, std::span<const Tenant> tenants) override;
    Status remove_tenants(const Principal& who, std::span<const std::string> names) override;
    Result<std::shared_ptr<Collection>> tenant(
        const Principal& who, std::string_view name, bool for_write
    ) override;

    // Hands a schema that was changed elsewhere on to the tenants.
    Status refresh() { return pass_on(Ok{}); }
    // The objects of an active tenant, as a reference into this collection finds them.
    Result<std::shared_ptr<StoredCollection>> objects_of(std::string_view name);
    // The keys of all tenants and their objects go; every further call is not_found.
    Status drop(KeyValueBatch& changes);

  private:
    using Open = std::list<std::shared_ptr<StoredCollection>>;
    struct Entry {
        CollectionNumber number = 0;
        bool active = true;
        std::weak_ptr<StoredCollection> objects;
        // As of when it was closed, or counted since.
        mutable std::optional<std::uint64_t> count = {};
    };

    explicit TenantCollection(Parts parts) : parts_(std::move(parts)) {}

    Status load();
    Status pass_on(Status changed);
    Error needs_tenant() const;
    Result<ShardStatus> shard_of(const Principal& who, const std::string& name, const Entry& entry)
        const;
    Status make_tenants(const std::vector<Tenant>& absent, KeyValueBatch& changes);
    void close(Entry& entry);
    Status remove_files(CollectionNumber number);
    Result<std::shared_ptr<StoredCollection>> objects_of_locked(
        const std::string& name, Entry& entry
    );

    const Parts parts_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry, std::less<>> tenants_;  // guarded by mutex_
    Open open_;  // the last used in front; guarded by mutex_
};

}  // namespace moat::collections
