#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/principal.h"
#include "base/result.h"
#include "collections/backup.h"
#include "collections/schema.h"
#include "collections/search.h"

namespace moat::collections {

// Applied whole or not at all. Removals come first, so a batch can replace. Of each kind there may
// be kMaxBatchObjects.
struct WriteBatch {
    enum class Mode {
        put,      // an existing id is replaced; created_ms is kept then
        create,   // an existing id fails the batch with conflict
        replace,  // an absent id fails the batch with not_found
    };
    std::vector<Uuid> removes = {};  // absent ones are fine
    std::vector<Object> puts = {};
    Mode mode = Mode::put;
};

inline constexpr std::size_t kMaxBatchObjects = 100'000;

struct Tenant {
    std::string name;
    bool active = true;  // a cold one answers nothing and takes no memory
};
inline constexpr std::size_t kMaxTenants = 1'000'000;

// How far the background is with changing the index of a property.
struct PropertyChange {
    std::string property;
    std::uint64_t done = 0;  // objects
    std::uint64_t total = 0;
    std::string failure = {};  // why it was given up; the property is as before then
};

// How the objects of a collection, or of one of its tenants, are doing.
struct ShardStatus {
    std::string tenant = {};    // empty: the collection has none
    std::uint64_t objects = 0;  // with those whose time is over and that are not removed yet
    // Vectors that are not in their graph yet; searches find them by a scan meanwhile.
    std::uint64_t waiting_vectors = 0;
    bool compressed = false;  // a graph of short codes is walked
    bool open = true;         // of an active tenant that was not used lately: no
};

// One class of objects with its keyword postings and its vector graph.
//
// Threads: any; readers do not wait for writers. Durability: write() returns after the batch is
//          synced to disk as one record; after a crash a batch is there whole or not at all.
//          New objects are searchable when write() returns.
// Errors:  invalid_argument (a property of the wrong type, a vector of another dimension, naming
//          it; objects asked of a collection of tenants), not_found, too_large, io, corrupt;
//          forbidden.
class Collection {
  public:
    virtual ~Collection() = default;

    // As it is now: it may grow by new properties, and the first vector sets its dimensions.
    virtual Schema schema() const = 0;

    // ---- objects

    virtual Status write(const Principal& who, WriteBatch batch) = 0;
    // What write() would say to the object by the schema, without writing it.
    virtual Status check(const Principal& who, const Object& object) const = 0;
    // Reads the object, lets `change` alter properties and vectors, and writes it, with no other
    // write between. `change` may be called more than once, and ends all by an error.
    using Change = std::function<Status(Object&)>;
    virtual Status modify(const Principal& who, const Uuid& id, const Change& change) = 0;
    virtual Result<Object> get(const Principal& who, const Uuid& id, bool with_vector) const = 0;
    virtual Result<SearchResult> search(const Principal& who, const SearchRequest& request)
        const = 0;
    // Cost: in id order, of the objects found when a filter leaves no more than `limit`, else of a
    // walk over all ids. By a number, a boolean or a date, of the sorting of what the filter
    // leaves; by another property, of reading that.
    virtual Result<std::vector<Object>> list(const Principal& who, const ListRequest& request)
        const = 0;
    virtual Result<std::uint64_t> count(const Principal& who, const std::optional<Filter>& filter)
        const = 0;
    virtual Result<std::vector<AggregateGroup>> aggregate(
        const Principal& who, const AggregateRequest& request
    ) const = 0;
    // One, or one for each active tenant in the order of their names. Opens nothing. Cost: of a
    // tenant that is not open, the reading of its ids the first time.
    virtual Result<std::vector<ShardStatus>> shards(const Principal& who) const = 0;

    // ---- schema

    // An equal one is fine. Objects written before do not have the property.
    // Errors: conflict when it exists and differs.
    virtual Status add_property(const Principal& who, const Property& property) = 0;
    // The values are kept under the new name. Errors: not_found, conflict.
    virtual Status rename_property(
        const Principal& who, std::string_view from, const std::string& to
    ) = 0;
    // The values are not seen again. Errors: not_found.
    virtual Status drop_property(const Principal& who, std::string_view name) = 0;
    // Makes the property named `changed.name` what `changed` says. What touches the index or the
    // values (type, array, tokenization, filterable, searchable) is done in the background, while
    // the old one serves; see changes(). Errors: not_found; conflict while it is being changed;
    // unsupported, for a type that values cannot be turned into.
    virtual Status change_property(const Principal& who, const Property& changed) = 0;
    // Those under way, and failed ones until they are asked for again.
    virtual std::vector<PropertyChange> changes() const = 0;
    // Takes over what may change at once: description, bm25, stopwords, ttl, tenancy but for
    // `enabled`, wire; and those of named vectors and properties that both have. Code widths hold
    // from when the collection is opened next.
    virtual Status configure(const Principal& who, const Schema& schema) = 0;
    // Errors: conflict when it exists.
    virtual Status add_vector(const Principal& who, const NamedVector& vector) = 0;
    // The objects lose theirs at once; what it took on disk is given back in the background.
    // Errors: not_found.
    virtual Status drop_vector(const Principal& who, std::string_view name) = 0;

    // ---- tenants, of a collection that has them; invalid_argument for any other

    virtual Result<std::vector<Tenant>> tenants(const Principal& who) const = 0;
    // Makes those that are not there; the others become active or cold.
    virtual Status put_tenants(const Principal& who, std::span<const Tenant> tenants) = 0;
    // With all their objects. Absent ones are fine.
    virtual Status remove_tenants(const Principal& who, std::span<const std::string> names) = 0;
    // The objects of one tenant, as a collection whose methods for tenants fail; changes of its
    // schema are those of all. With `for_write`, an absent one is made where the schema says so.
    // Errors: not_found; conflict (it is cold).
    virtual Result<std::shared_ptr<Collection>> tenant(
        const Principal& who, std::string_view name, bool for_write
    ) = 0;
};

// Another name of a collection.
struct Alias {
    std::string name;
    std::string collection;
};

struct BackupRequest {
    std::vector<std::string> collections = {};  // names or aliases; empty: all
    std::filesystem::path folder;               // is made, and must not exist
    // Objects of the named collection done so far; called now and then.
    std::function<void(const std::string& collection, std::uint64_t objects)> progress = {};
};

struct RestoreRequest {
    std::filesystem::path folder;
    std::string collection;  // of the backup
    std::string as = {};     // its name from now on; empty: as it was
    std::function<void(const std::string& collection, std::uint64_t objects)> progress = {};
};

// What an opening found to be lost, of a collection or one of its tenants. What is counted here is
// all that is known of it.
struct Damage {
    std::string collection;
    std::string tenant;
    std::uint64_t objects = 0;  // that are there and are found as before
    std::uint64_t lost_objects = 0;
    std::uint64_t lost_vectors = 0;  // of objects that are there
};

// All collections of a data folder. Threads: any. Owns: the folder.
class Database {
  public:
    virtual ~Database() = default;

    // Errors: conflict when it exists, invalid_argument for a bad name or property.
    virtual Result<std::shared_ptr<Collection>> create(
        const Principal& who, const Schema& schema
    ) = 0;
    // By name or alias. Errors: not_found.
    virtual Result<std::shared_ptr<Collection>> open(
        const Principal& who, std::string_view name
    ) = 0;
    // Fine when absent. Aliases go with it.
    virtual Status drop(const Principal& who, std::string_view name) = 0;
    // The former name stays as an alias, so that references still lead somewhere.
    // Errors: not_found, conflict (a collection or alias has the name).
    virtual Status rename(const Principal& who, std::string_view from, const std::string& to) = 0;
    virtual std::vector<Schema> schemas(const Principal& who) const = 0;

    virtual std::vector<Alias> aliases(const Principal& who) const = 0;
    // What caches, buffers of writes, codes and graphs have in memory; of StoreMemory.
    virtual std::size_t memory_bytes() const = 0;
    // Makes it, or points it elsewhere. Errors: not_found (the collection), conflict (a collection
    // has the name).
    virtual Status put_alias(const Principal& who, const Alias& alias) = 0;
    // What was lost when the database was opened: empty, but for damaged disks.
    virtual std::vector<Damage> damages() const = 0;

    // Fine when absent.
    virtual Status remove_alias(const Principal& who, std::string_view name) = 0;

    // All that the collections hold at one moment, beside readers and writers (backup.h). Vector
    // graphs are not in it: they are made again. Blocks for as long as reading and writing all of
    // it takes; after an error the folder is gone. For administrators.
    // Errors: not_found, conflict (the folder exists), cancelled, io.
    virtual Result<BackupManifest> back_up(
        const Principal& who, const BackupRequest& request, const std::stop_token& stop
    ) = 0;
    // One collection of a backup, whose digest is checked before. It appears whole, or not at all.
    // For administrators.
    // Errors: not_found, conflict (the name is taken), corrupt, unsupported, cancelled, io.
    virtual Status restore(
        const Principal& who, const RestoreRequest& request, const std::stop_token& stop
    ) = 0;
};

// Adds the properties that the objects need and the schema lacks (infer_property()), and widens
// those it has. Errors: invalid_argument.
Status fit_schema(Collection& collection, const Principal& who, std::span<const Object> objects);

}  // namespace moat::collections
