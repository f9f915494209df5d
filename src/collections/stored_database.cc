#include <map>
#include <mutex>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/file.h"
#include "collections/care_taker.h"
#include "collections/open.h"
#include "collections/stored_collection.h"

namespace moat::collections {
namespace {

constexpr std::string_view kNextNumber = "next";

Error not_built() {
    return {ErrorCode::unsupported, "collections cannot do this yet"};
}

class StoredDatabase final : public Database {
  public:
    StoredDatabase(std::filesystem::path vector_folder, DatabaseParts parts)
        : vector_folder_(std::move(vector_folder)),
          upkeep_(parts.upkeep),
          store_(std::move(parts.store)),
          clock_(
              parts.clock != nullptr ? std::move(parts.clock)
                                     : std::make_shared<const SystemClock>()
          ),
          tokenizer_(std::move(parts.segmenter)) {}

    Status load();

    Result<std::shared_ptr<Collection>> create(const Principal& who, const Schema& schema) override;
    Result<std::shared_ptr<Collection>> open(const Principal& who, std::string_view name) override;
    Status drop(const Principal& who, std::string_view name) override;
    Status rename(const Principal&, std::string_view, const std::string&) override {
        return not_built();
    }
    std::vector<Schema> schemas(const Principal& who) const override;
    std::vector<Alias> aliases(const Principal&) const override { return {}; }
    Status put_alias(const Principal&, const Alias&) override { return not_built(); }
    Status remove_alias(const Principal&, std::string_view) override { return not_built(); }

  private:
    struct Entry {
        StoredSchema schema;  // as it was at load; an open collection knows better
        std::shared_ptr<StoredCollection> collection;
    };

    Result<std::shared_ptr<Collection>> open_entry(Entry& entry);
    Status erase_stored(const StoredSchema& schema);

    const std::filesystem::path vector_folder_;
    const UpkeepOptions upkeep_;
    const std::unique_ptr<KeyValueStore> store_;
    const std::shared_ptr<const Clock> clock_;
    const index::Tokenizer tokenizer_;

    mutable std::mutex mutex_;
    std::map<std::string, Entry, std::less<>> entries_;  // guarded by mutex_
    CollectionNumber next_number_ = 1;                   // guarded by mutex_
    CareTaker care_taker_;                               // last: uses the collections
};

Status StoredDatabase::load() {
    const auto snapshot = store_->snapshot();
    TRY_ASSIGN(const auto next, snapshot->get(Space::catalog, kNextNumber));
    if (next) next_number_ = static_cast<CollectionNumber>(big_endian_of(*next));
    const std::string begin = schema_key("");
    const auto cursor = snapshot->cursor(Space::catalog, begin, end_of_prefix(begin));
    for (; cursor->valid(); cursor->next()) {
        TRY_ASSIGN(StoredSchema schema, StoredSchema::from_json(cursor->value()));
        const std::string name = schema.schema.name;
        entries_[name] = Entry{std::move(schema), nullptr};
    }
    return cursor->status();
}

Result<std::shared_ptr<Collection>> StoredDatabase::create(
    const Principal& who, const Schema& schema
) {
    TRY(access::require(who, Role::user));
    TRY(validate(schema));
    if (!schema.vectors.empty() || schema.ttl || schema.tenancy.enabled) return not_built();
    const std::scoped_lock lock(mutex_);
    if (entries_.contains(schema.name)) {
        return Error{
            ErrorCode::conflict, fmt::format("a collection '{}' exists already", schema.name)
        };
    }
    const StoredSchema stored = StoredSchema::make(next_number_, schema);
    std::string following;
    put_big_endian(following, next_number_ + 1, 4);
    const auto changes = store_->new_batch();
    changes->put(Space::catalog, schema_key(schema.name), stored.to_json());
    changes->put(Space::catalog, kNextNumber, following);
    TRY(store_->commit(*changes, Durability::synced));
    ++next_number_;
    return open_entry(entries_[schema.name] = Entry{stored, nullptr});
}

Result<std::shared_ptr<Collection>> StoredDatabase::open_entry(Entry& entry) {
    if (entry.collection == nullptr) {
        const StoredCollection::Environment environment{
            .store = *store_,
            .tokenizer = tokenizer_,
            .clock = *clock_,
            .vector_folder = vector_folder_,
            .upkeep = upkeep_,
            .needs_care = [this](StoredCollection& collection) { care_taker_.ask(collection); },
        };
        TRY_ASSIGN(entry.collection, StoredCollection::open(environment, entry.schema));
        care_taker_.add(entry.collection);
        care_taker_.ask(*entry.collection);
    }
    return std::shared_ptr<Collection>(entry.collection);
}

Result<std::shared_ptr<Collection>> StoredDatabase::open(
    const Principal& who, std::string_view name
) {
    TRY(access::require(who, Role::user));
    const std::scoped_lock lock(mutex_);
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) {
        return Error{ErrorCode::not_found, fmt::format("there is no collection '{}'", name)};
    }
    return open_entry(entry->second);
}

Status StoredDatabase::drop(const Principal& who, std::string_view name) {
    TRY(access::require(who, Role::user));
    const std::scoped_lock lock(mutex_);
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) return Ok{};
    if (entry->second.collection != nullptr) {
        care_taker_.remove(*entry->second.collection);
        entry->second.collection->drop();
    }
    TRY(erase_stored(entry->second.schema));
    // After the store has forgotten it; files left behind by a crash here are never looked at.
    TRY(VectorStorage(vector_folder_, entry->second.schema.number, upkeep_).remove_files());
    entries_.erase(entry);
    return Ok{};
}

Status StoredDatabase::erase_stored(const StoredSchema& schema) {
    const std::string begin = collection_prefix(schema.number);
    const std::string end = end_of_prefix(begin);
    const auto changes = store_->new_batch();
    changes->remove(Space::catalog, schema_key(schema.schema.name));
    changes->remove(Space::catalog, state_key(schema.number));
    for (const Space space :
         {Space::ids, Space::objects, Space::vectors, Space::log, Space::terms, Space::columns}) {
        changes->remove_range(space, begin, end);
    }
    return store_->commit(*changes, Durability::synced);
}

std::vector<Schema> StoredDatabase::schemas(const Principal& who) const {
    if (!access::require(who, Role::user)) return {};
    const std::scoped_lock lock(mutex_);
    std::vector<Schema> schemas;
    for (const auto& [name, entry] : entries_) {
        schemas.push_back(
            entry.collection != nullptr ? entry.collection->schema() : entry.schema.schema
        );
    }
    return schemas;
}

}  // namespace

Result<std::unique_ptr<Database>> open_database(
    const std::filesystem::path& folder, DatabaseParts parts
) {
    TRY(make_directories(folder));
    auto database = std::make_unique<StoredDatabase>(folder / "vectors", std::move(parts));
    TRY(database->load());
    return std::unique_ptr<Database>(std::move(database));
}

}  // namespace moat::collections
