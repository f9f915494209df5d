#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <mutex>
#include <ranges>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/file.h"
#include "collections/care_taker.h"
#include "collections/open.h"
#include "collections/recovering.h"
#include "collections/stored_collection.h"
#include "collections/tenant_collection.h"

namespace moat::collections {
namespace {

constexpr std::string_view kNextNumber = "next";

constexpr std::string_view kAliasPrefix = "alias/";
constexpr CollectionNumber kMaxNumber = 0xFFFFFF00;

std::string alias_key(std::string_view name) {
    return std::string(kAliasPrefix) + std::string(name);
}

class StoredDatabase final : public Database {
  public:
    StoredDatabase(std::filesystem::path vector_folder, DatabaseParts parts)
        : vector_folder_(std::move(vector_folder)),
          upkeep_(parts.upkeep),
          vector_memory_(std::make_shared<MemoryBudget>(parts.vector_bytes)),
          store_(std::move(parts.store)),
          clock_(
              parts.clock != nullptr ? std::move(parts.clock)
                                     : std::make_shared<const SystemClock>()
          ),
          tokenizer_(std::move(parts.segmenter), std::move(parts.stemmer)) {}

    Status load();

    Result<std::shared_ptr<Collection>> create(const Principal& who, const Schema& schema) override;
    Result<std::shared_ptr<Collection>> open(const Principal& who, std::string_view name) override;
    Status drop(const Principal& who, std::string_view name) override;
    Status rename(const Principal& who, std::string_view from, const std::string& to) override;
    std::vector<Schema> schemas(const Principal& who) const override;
    std::vector<Alias> aliases(const Principal& who) const override;
    std::size_t memory_bytes() const override {
        return store_->memory_bytes() + columns_->bytes() + vector_memory_->used();
    }
    Status put_alias(const Principal& who, const Alias& alias) override;
    Status remove_alias(const Principal& who, std::string_view name) override;
    std::vector<Damage> damages() const override { return damages_; }
    Result<BackupManifest> back_up(
        const Principal& who, const BackupRequest& request, const std::stop_token& stop
    ) override;
    Status restore(const Principal& who, const RestoreRequest& request, const std::stop_token& stop)
        override;

  private:
    struct Entry {
        StoredSchema schema;  // as it was at load; an open collection knows better
        std::shared_ptr<StoredCollection> collection;
        std::shared_ptr<TenantCollection> tenants;  // where it has some

        std::shared_ptr<Collection> face() const {
            if (tenants != nullptr) return tenants;
            return collection;
        }
    };
    using Entries = std::map<std::string, Entry, std::less<>>;

    // The following want the mutex to be held.
    Entries::iterator entry_named(std::string_view name);
    Status check_free(std::string_view name) const;
    std::string resolve(std::string_view name) const;
    Status open_entry(Entry& entry);
    Status open_tenants(Entry& entry);
    Status erase_stored(Entry& entry);

    StoredCollection::Environment environment(FindCollection find, bool in_memory);
    Result<std::shared_ptr<StoredCollection>> open_tenant(
        const StoredSchema& schema, const std::string& tenant
    );
    // Without the mutex. `tenant`: where the collection has tenants, that one.
    Result<std::shared_ptr<const CollectionState>> find(
        std::string_view name, const std::string& tenant
    );
    Result<CollectionNumber> take_numbers(std::size_t count);
    Status restore_archive(
        const RestoreRequest& request,
        const BackedUpCollection& archived,
        const std::string& name,
        const std::stop_token& stop
    );

    const std::filesystem::path vector_folder_;
    const UpkeepOptions upkeep_;
    const std::shared_ptr<MemoryBudget> vector_memory_;
    const std::unique_ptr<KeyValueStore> store_;
    const std::shared_ptr<const Clock> clock_;
    const index::Tokenizer tokenizer_;
    const std::shared_ptr<ColumnCache> columns_ =
        std::make_shared<ColumnCache>(upkeep_.column_cache_bytes);

    std::vector<Damage> damages_;  // constant after load()

    mutable std::mutex mutex_;
    std::map<std::string, std::string, std::less<>> aliases_;  // guarded by mutex_

    std::mutex numbers_mutex_;
    CollectionNumber next_number_ = 1;  // guarded by numbers_mutex_

    Entries entries_;                               // guarded by mutex_
    std::set<std::string, std::less<>> restoring_;  // names to be; guarded by mutex_
    CareTaker care_taker_;                          // last: uses the collections
};

Status StoredDatabase::load() {
    TRY(remove_unfinished_restorations(*store_));
    const auto snapshot = store_->snapshot();
    TRY_ASSIGN(const auto next, snapshot->get(Space::catalog, kNextNumber));
    if (next) next_number_ = static_cast<CollectionNumber>(big_endian_of(*next));
    std::map<std::string, StoredSchema> schemas;
    const std::string begin = schema_key("");
    const auto cursor = snapshot->cursor(Space::catalog, begin, end_of_prefix(begin));
    for (; cursor->valid(); cursor->next()) {
        TRY_ASSIGN(StoredSchema schema, StoredSchema::from_json(cursor->value()));
        const std::string name = schema.schema.name;
        schemas[name] = std::move(schema);
    }
    TRY(cursor->status());
    const RecoveryTools tools{
        .store = *store_,
        .tokenizer = tokenizer_,
        .take_numbers = [this](std::size_t count) { return take_numbers(count); },
        .remove_files = [this](CollectionNumber number
                        ) { return VectorStorage::remove_files(vector_folder_, number); },
    };
    TRY_ASSIGN(damages_, recover_collections(tools, schemas));
    for (auto& [name, schema] : schemas)
        entries_[name] = Entry{std::move(schema), nullptr, nullptr};
    const auto aliases =
        snapshot->cursor(Space::catalog, kAliasPrefix, end_of_prefix(kAliasPrefix));
    for (; aliases->valid(); aliases->next()) {
        const std::string name(aliases->key().substr(kAliasPrefix.size()));
        // One that a renaming made which then did not happen is none.
        if (!entries_.contains(name)) aliases_[name] = aliases->value();
    }
    return aliases->status();
}

std::string StoredDatabase::resolve(std::string_view name) const {
    std::string at(name);
    // Aliases may lead to former names; there is no way round in a circle, but to be sure.
    for (std::size_t i = 0; i <= aliases_.size(); ++i) {
        const auto alias = aliases_.find(at);
        if (entries_.contains(at) || alias == aliases_.end()) break;
        at = alias->second;
    }
    return at;
}

Status StoredDatabase::check_free(std::string_view name) const {
    if (!entries_.contains(name) && !aliases_.contains(name) && !restoring_.contains(name)) {
        return Ok{};
    }
    return Error{
        ErrorCode::conflict, fmt::format("a collection or alias '{}' exists already", name)
    };
}

StoredDatabase::Entries::iterator StoredDatabase::entry_named(std::string_view name) {
    return entries_.find(resolve(name));
}

Result<CollectionNumber> StoredDatabase::take_numbers(std::size_t count) {
    const std::scoped_lock lock(numbers_mutex_);
    if (count >= kMaxNumber - next_number_) {
        return Error{ErrorCode::too_large, "the database has given out all collection numbers"};
    }
    const CollectionNumber first = next_number_;
    std::string following;
    put_big_endian(following, first + count, 4);
    const auto changes = store_->new_batch();
    changes->put(Space::catalog, kNextNumber, following);
    TRY(store_->commit(*changes, Durability::synced));
    next_number_ = static_cast<CollectionNumber>(first + count);
    return first;
}

Result<std::shared_ptr<Collection>> StoredDatabase::create(
    const Principal& who, const Schema& schema
) {
    TRY(access::require(who, Role::user));
    TRY(validate(schema));
    const std::scoped_lock lock(mutex_);
    TRY(check_free(schema.name));
    TRY_ASSIGN(const CollectionNumber number, take_numbers(1));
    const StoredSchema stored = StoredSchema::make(number, schema);
    const auto changes = store_->new_batch();
    changes->put(Space::catalog, schema_key(schema.name), stored.to_json());
    TRY(store_->commit(*changes, Durability::synced));
    Entry& entry = entries_[schema.name] = Entry{stored, nullptr, nullptr};
    TRY(open_entry(entry));
    return entry.face();
}

StoredCollection::Environment StoredDatabase::environment(FindCollection find, bool in_memory) {
    return {
        .store = *store_,
        .tokenizer = tokenizer_,
        .clock = *clock_,
        .indexes = {{vector_folder_, in_memory, upkeep_, vector_memory_}, columns_},
        .upkeep = upkeep_,
        .find = std::move(find),
        .is_tenant = false,
        .needs_care = [this](StoredCollection& collection) { care_taker_.ask(collection); },
    };
}

Status StoredDatabase::open_entry(Entry& entry) {
    if (entry.collection != nullptr) return Ok{};
    const auto find_other = [this](std::string_view name) { return find(name, ""); };
    TRY_ASSIGN(
        entry.collection, StoredCollection::open(environment(find_other, false), entry.schema)
    );
    care_taker_.add(entry.collection);
    care_taker_.ask(*entry.collection);
    if (!entry.schema.schema.tenancy.enabled) return Ok{};
    Status opened = open_tenants(entry);
    if (!opened) entry.collection = nullptr;
    return opened;
}

Status StoredDatabase::open_tenants(Entry& entry) {
    TenantCollection::Parts parts{
        .store = *store_,
        .base = entry.collection,
        .take_numbers = [this](std::size_t count) { return take_numbers(count); },
        .open = [this](
                    const StoredSchema& schema, const std::string& tenant
                ) { return open_tenant(schema, tenant); },
        .close = [this](StoredCollection& collection) { care_taker_.remove(collection); },
        .remove_files = [this](CollectionNumber number
                        ) { return VectorStorage::remove_files(vector_folder_, number); },
    };
    TRY_ASSIGN(entry.tenants, TenantCollection::open(std::move(parts)));
    return Ok{};
}

Result<std::shared_ptr<StoredCollection>> StoredDatabase::open_tenant(
    const StoredSchema& schema, const std::string& tenant
) {
    // A small tenant has no files; one that grew gets them when it is opened again.
    TRY_ASSIGN(
        const auto sealed, store_->snapshot()->get(Space::catalog, state_key(schema.number))
    );
    auto own = environment(
        [this, tenant](std::string_view name) { return find(name, tenant); }, !sealed.has_value()
    );
    own.is_tenant = true;
    TRY_ASSIGN(auto objects, StoredCollection::open(own, schema));
    care_taker_.add(objects);
    care_taker_.ask(*objects);
    return objects;
}

Result<std::shared_ptr<const CollectionState>> StoredDatabase::find(
    std::string_view name, const std::string& tenant
) {
    std::shared_ptr<TenantCollection> tenants;
    {
        const std::scoped_lock lock(mutex_);
        const auto entry = entry_named(name);
        if (entry == entries_.end()) {
            return Error{ErrorCode::not_found, fmt::format("there is no collection '{}'", name)};
        }
        TRY(open_entry(entry->second));
        tenants = entry->second.tenants;
        if (tenants == nullptr) return entry->second.collection->current();
    }
    TRY_ASSIGN(const auto objects, tenants->objects_of(tenant));
    return objects->current();
}

Result<std::shared_ptr<Collection>> StoredDatabase::open(
    const Principal& who, std::string_view name
) {
    TRY(access::require(who, Role::user));
    const std::scoped_lock lock(mutex_);
    const auto entry = entry_named(name);
    if (entry == entries_.end()) {
        return Error{ErrorCode::not_found, fmt::format("there is no collection '{}'", name)};
    }
    TRY(open_entry(entry->second));
    return entry->second.face();
}

Status StoredDatabase::drop(const Principal& who, std::string_view name) {
    TRY(access::require(who, Role::user));
    const std::scoped_lock lock(mutex_);
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) return Ok{};
    if (entry->second.schema.schema.tenancy.enabled) TRY(open_entry(entry->second));
    if (entry->second.collection != nullptr) {
        care_taker_.remove(*entry->second.collection);
        entry->second.collection->drop();
    }
    TRY(erase_stored(entry->second));
    // After the store has forgotten it; files left behind by a crash here are never looked at.
    TRY(VectorStorage::remove_files(vector_folder_, entry->second.schema.number));
    entries_.erase(entry);
    std::erase_if(aliases_, [&](const auto& alias) {
        return !entries_.contains(resolve(alias.first));
    });
    return Ok{};
}

Status StoredDatabase::erase_stored(Entry& entry) {
    const StoredSchema& schema = entry.schema;
    const std::string& name =
        entry.collection == nullptr ? schema.schema.name : entry.collection->schema().name;
    const std::string begin = collection_prefix(schema.number);
    const std::string end = end_of_prefix(begin);
    const auto changes = store_->new_batch();
    changes->remove(Space::catalog, schema_key(name));
    changes->remove(Space::catalog, state_key(schema.number));
    for (const Space space : kObjectSpaces)
        changes->remove_range(space, begin, end);
    for (const auto& [alias, target] : aliases_) {
        if (resolve(alias) == name) changes->remove(Space::catalog, alias_key(alias));
    }
    if (entry.tenants != nullptr) TRY(entry.tenants->drop(*changes));
    return store_->commit(*changes, Durability::synced);
}

Status StoredDatabase::rename(const Principal& who, std::string_view from, const std::string& to) {
    TRY(access::require(who, Role::user));
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(from);
    if (found == entries_.end()) {
        return Error{ErrorCode::not_found, fmt::format("there is no collection '{}'", from)};
    }
    if (from == to) return Ok{};
    TRY(check_free(to));
    TRY(open_entry(found->second));
    // First the alias: should the power go now, there is a collection of that name and it is
    // passed over.
    const auto changes = store_->new_batch();
    changes->put(Space::catalog, alias_key(from), to);
    TRY(store_->commit(*changes, Durability::synced));
    TRY(found->second.collection->rename(to));
    if (found->second.tenants != nullptr) TRY(found->second.tenants->refresh());
    auto node = entries_.extract(found);
    aliases_[node.key()] = to;
    node.key() = to;
    entries_.insert(std::move(node));
    return Ok{};
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

std::vector<Alias> StoredDatabase::aliases(const Principal& who) const {
    if (!access::require(who, Role::user)) return {};
    const std::scoped_lock lock(mutex_);
    std::vector<Alias> out;
    for (const auto& [name, target] : aliases_)
        out.push_back({name, resolve(name)});
    return out;
}

Status StoredDatabase::put_alias(const Principal& who, const Alias& alias) {
    TRY(access::require(who, Role::user));
    Schema named;
    named.name = alias.name;
    TRY(validate(named));
    const std::scoped_lock lock(mutex_);
    const auto target = entry_named(alias.collection);
    if (target == entries_.end()) {
        return Error{
            ErrorCode::not_found, fmt::format("there is no collection '{}'", alias.collection)
        };
    }
    if (entries_.contains(alias.name)) {
        return Error{
            ErrorCode::conflict, fmt::format("a collection '{}' exists already", alias.name)
        };
    }
    const auto changes = store_->new_batch();
    changes->put(Space::catalog, alias_key(alias.name), target->first);
    TRY(store_->commit(*changes, Durability::synced));
    aliases_[alias.name] = target->first;
    return Ok{};
}

Status StoredDatabase::remove_alias(const Principal& who, std::string_view name) {
    TRY(access::require(who, Role::user));
    const std::scoped_lock lock(mutex_);
    const auto found = aliases_.find(name);
    if (found == aliases_.end()) return Ok{};
    const auto changes = store_->new_batch();
    changes->remove(Space::catalog, alias_key(name));
    TRY(store_->commit(*changes, Durability::synced));
    aliases_.erase(found);
    return Ok{};
}

Result<BackupManifest> StoredDatabase::back_up(
    const Principal& who, const BackupRequest& request, const std::stop_token& stop
) {
    TRY(access::require(who, Role::admin));
    BackupManifest manifest;
    manifest.created_ms = unix_ms(clock_->now());
    std::vector<std::string> names;
    std::shared_ptr<const KeyValueSnapshot> snapshot;
    {
        // Names and snapshot of one moment: what is renamed after it is named as it was.
        const std::scoped_lock lock(mutex_);
        snapshot = store_->snapshot();
        for (const std::string& name : request.collections)
            names.push_back(resolve(name));
        if (names.empty()) std::ranges::copy(std::views::keys(entries_), std::back_inserter(names));
    }
    std::error_code made;
    if (!std::filesystem::create_directory(request.folder, made)) {
        if (made) return file_error("cannot make the folder of the backup", made.value());
        return Error{
            ErrorCode::conflict,
            fmt::format("'{}' exists already", request.folder.filename().string())
        };
    }
    for (const std::string& name : names) {
        const auto progress = [&](std::uint64_t objects) {
            if (request.progress) request.progress(name, objects);
        };
        auto archived = archive_collection(*snapshot, name, request.folder, progress, stop);
        if (!archived) {
            std::filesystem::remove_all(request.folder, made);
            return archived.error();
        }
        manifest.collections.push_back(std::move(*archived));
    }
    TRY(write_backup_manifest(request.folder, manifest));
    return manifest;
}

Status StoredDatabase::restore(
    const Principal& who, const RestoreRequest& request, const std::stop_token& stop
) {
    TRY(access::require(who, Role::admin));
    TRY_ASSIGN(const BackupManifest manifest, read_backup_manifest(request.folder));
    const BackedUpCollection* archived = manifest.find(request.collection);
    if (archived == nullptr) {
        return Error{
            ErrorCode::not_found,
            fmt::format("the backup has no collection '{}'", request.collection)
        };
    }
    const std::string& name = request.as.empty() ? archived->name : request.as;
    Schema named;
    named.name = name;
    TRY(validate(named));
    {
        const std::scoped_lock lock(mutex_);
        TRY(check_free(name));
        restoring_.insert(name);
    }
    Status restored = restore_archive(request, *archived, name, stop);
    const std::scoped_lock lock(mutex_);
    restoring_.erase(name);
    if (!restored) return restored;
    TRY_ASSIGN(const auto stored, store_->snapshot()->get(Space::catalog, schema_key(name)));
    if (!stored) return Error{ErrorCode::internal, "a restored collection has no schema"};
    TRY_ASSIGN(StoredSchema schema, StoredSchema::from_json(*stored));
    Entry& entry = entries_[name] = Entry{std::move(schema), nullptr, nullptr};
    return open_entry(entry);
}

Status StoredDatabase::restore_archive(
    const RestoreRequest& request,
    const BackedUpCollection& archived,
    const std::string& name,
    const std::stop_token& stop
) {
    TRY(verify_archive(request.folder, archived));
    return restore_collection(
        *store_,
        request.folder / archived.file,
        name,
        [this](std::size_t count) { return take_numbers(count); },
        [&](std::uint64_t objects) {
            if (request.progress) request.progress(name, objects);
        },
        stop
    );
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
