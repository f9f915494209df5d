#include "collections/tenant_collection.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/bytes.h"
#include "collections/keys.h"
#include "collections/tenant_records.h"

namespace moat::collections {
namespace {

constexpr std::size_t kOpenTenants = 64;
constexpr std::size_t kMaxTenantName = 64;

// The letters, digits, hyphens and underscores that other databases take.
Status validate_tenant(const std::string& name) {
    const auto known = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    if (!name.empty() && name.size() <= kMaxTenantName && std::ranges::all_of(name, known)) {
        return Ok{};
    }
    return Error{
        ErrorCode::invalid_argument,
        fmt::format(
            "a tenant is named by 1 to {} letters, digits, hyphens and underscores", kMaxTenantName
        )
    };
}

// The objects of one tenant with the schema of all.
class TenantView final : public Collection {
  public:
    TenantView(std::shared_ptr<TenantCollection> all, std::shared_ptr<StoredCollection> objects)
        : all_(std::move(all)), objects_(std::move(objects)) {}

    Schema schema() const override { return objects_->schema(); }
    Status write(const Principal& who, WriteBatch batch) override {
        return objects_->write(who, std::move(batch));
    }
    Status check(const Principal& who, const Object& object) const override {
        return objects_->check(who, object);
    }
    Status modify(const Principal& who, const Uuid& id, const Change& change) override {
        return objects_->modify(who, id, change);
    }
    Result<Object> get(const Principal& who, const Uuid& id, bool with_vector) const override {
        return objects_->get(who, id, with_vector);
    }
    Result<SearchResult> search(const Principal& who, const SearchRequest& request) const override {
        return objects_->search(who, request);
    }
    Result<std::vector<Object>> list(const Principal& who, const ListRequest& request)
        const override {
        return objects_->list(who, request);
    }
    Result<std::uint64_t> count(const Principal& who, const std::optional<Filter>& filter)
        const override {
        return objects_->count(who, filter);
    }
    Result<std::vector<AggregateGroup>> aggregate(
        const Principal& who, const AggregateRequest& request
    ) const override {
        return objects_->aggregate(who, request);
    }

    Result<std::vector<ShardStatus>> shards(const Principal& who) const override {
        return objects_->shards(who);
    }

    Status add_property(const Principal& who, const Property& property) override {
        return all_->add_property(who, property);
    }
    Status rename_property(const Principal& who, std::string_view from, const std::string& to)
        override {
        return all_->rename_property(who, from, to);
    }
    Status drop_property(const Principal& who, std::string_view name) override {
        return all_->drop_property(who, name);
    }
    Status change_property(const Principal& who, const Property& changed) override {
        return all_->change_property(who, changed);
    }
    std::vector<PropertyChange> changes() const override { return all_->changes(); }
    Status configure(const Principal& who, const Schema& schema) override {
        return all_->configure(who, schema);
    }
    Status add_vector(const Principal& who, const NamedVector& vector) override {
        return all_->add_vector(who, vector);
    }
    Status drop_vector(const Principal& who, std::string_view name) override {
        return all_->drop_vector(who, name);
    }

    Result<std::vector<Tenant>> tenants(const Principal&) const override { return is_one(); }
    Status put_tenants(const Principal&, std::span<const Tenant>) override { return is_one(); }
    Status remove_tenants(const Principal&, std::span<const std::string>) override {
        return is_one();
    }
    Result<std::shared_ptr<Collection>> tenant(const Principal&, std::string_view, bool) override {
        return is_one();
    }

  private:
    static Error is_one() {
        return {ErrorCode::invalid_argument, "this is one tenant, and has no tenants itself"};
    }

    const std::shared_ptr<TenantCollection> all_;
    const std::shared_ptr<StoredCollection> objects_;
};

}  // namespace

Result<std::shared_ptr<TenantCollection>> TenantCollection::open(Parts parts) {
    std::shared_ptr<TenantCollection> made(new TenantCollection(std::move(parts)));
    TRY(made->load());
    return made;
}

Status TenantCollection::load() {
    const CollectionNumber number = parts_.base->current()->schema->number;
    TRY_ASSIGN(auto tenants, read_tenants(*parts_.store.snapshot(), number));
    for (TenantRecord& tenant : tenants)
        tenants_[std::move(tenant.name)] = Entry{tenant.number, tenant.active, {}};
    return Ok{};
}

Error TenantCollection::needs_tenant() const {
    return {
        ErrorCode::invalid_argument,
        fmt::format("collection '{}' has tenants: say which one", schema().name)
    };
}

Schema TenantCollection::schema() const {
    return parts_.base->schema();
}

Status TenantCollection::write(const Principal&, WriteBatch) {
    return needs_tenant();
}
Status TenantCollection::check(const Principal& who, const Object& object) const {
    return parts_.base->check(who, object);
}
Status TenantCollection::modify(const Principal&, const Uuid&, const Change&) {
    return needs_tenant();
}
Result<Object> TenantCollection::get(const Principal&, const Uuid&, bool) const {
    return needs_tenant();
}
Result<SearchResult> TenantCollection::search(const Principal&, const SearchRequest&) const {
    return needs_tenant();
}
Result<std::vector<Object>> TenantCollection::list(const Principal&, const ListRequest&) const {
    return needs_tenant();
}
Result<std::uint64_t> TenantCollection::count(const Principal&, const std::optional<Filter>&)
    const {
    return needs_tenant();
}
Result<std::vector<AggregateGroup>> TenantCollection::
    aggregate(const Principal&, const AggregateRequest&) const {
    return needs_tenant();
}

Result<ShardStatus> TenantCollection::shard_of(
    const Principal& who, const std::string& name, const Entry& entry
) const {
    ShardStatus shard{.tenant = name, .open = false};
    if (const auto objects = entry.objects.lock()) {
        TRY_ASSIGN(auto own, objects->shards(who));
        shard = std::move(own.front());
        shard.tenant = name;
        entry.count.reset();  // it may be written to
        return shard;
    }
    if (!entry.count) {
        std::uint64_t count = 0;
        const auto cursor = parts_.store.snapshot()->cursor(
            Space::ids, collection_prefix(entry.number), collection_prefix(entry.number + 1)
        );
        for (; cursor->valid(); cursor->next())
            ++count;
        TRY(cursor->status());
        entry.count = count;
    }
    shard.objects = *entry.count;
    return shard;
}

Result<std::vector<ShardStatus>> TenantCollection::shards(const Principal& who) const {
    TRY(access::require(who, Role::user));
    const std::scoped_lock lock(mutex_);
    std::vector<ShardStatus> out;
    for (const auto& [name, entry] : tenants_) {
        if (!entry.active) continue;
        TRY_ASSIGN(ShardStatus shard, shard_of(who, name, entry));
        out.push_back(std::move(shard));
    }
    return out;
}

// Hands a changed schema on to the tenants that are open; the others read it when they are opened.
Status TenantCollection::pass_on(Status changed) {
    TRY(std::move(changed));
    const std::scoped_lock lock(mutex_);
    const auto state = parts_.base->current();
    for (auto& [name, entry] : tenants_) {
        if (const auto objects = entry.objects.lock()) TRY(objects->adopt(*state->schema));
    }
    return Ok{};
}

Status TenantCollection::add_property(const Principal& who, const Property& property) {
    return pass_on(parts_.base->add_property(who, property));
}
Status TenantCollection::rename_property(
    const Principal& who, std::string_view from, const std::string& to
) {
    return pass_on(parts_.base->rename_property(who, from, to));
}
Status TenantCollection::drop_property(const Principal& who, std::string_view name) {
    return pass_on(parts_.base->drop_property(who, name));
}
Status TenantCollection::change_property(const Principal& who, const Property& changed) {
    const Schema now = schema();
    const Property* property = now.find(changed.name);
    if (property != nullptr && !same_index(*property, changed)) {
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "property '{}' cannot be indexed another way: the collection has tenants; add a "
                "new property, or make a new collection",
                changed.name
            )
        };
    }
    return pass_on(parts_.base->change_property(who, changed));
}
std::vector<PropertyChange> TenantCollection::changes() const {
    return parts_.base->changes();
}
Status TenantCollection::configure(const Principal& who, const Schema& schema) {
    return pass_on(parts_.base->configure(who, schema));
}
Status TenantCollection::add_vector(const Principal& who, const NamedVector& vector) {
    return pass_on(parts_.base->add_vector(who, vector));
}
Status TenantCollection::drop_vector(const Principal& who, std::string_view name) {
    return pass_on(parts_.base->drop_vector(who, name));
}

Result<std::vector<Tenant>> TenantCollection::tenants(const Principal& who) const {
    TRY(access::require(who, Role::user));
    const std::scoped_lock lock(mutex_);
    std::vector<Tenant> out;
    out.reserve(tenants_.size());
    for (const auto& [name, entry] : tenants_)
        out.push_back({name, entry.active});
    return out;
}

// Errors: too_large, io. Their entries are made when the changes are committed.
Status TenantCollection::make_tenants(const std::vector<Tenant>& absent, KeyValueBatch& changes) {
    if (absent.empty()) return Ok{};
    if (tenants_.size() + absent.size() > kMaxTenants) {
        return Error{
            ErrorCode::too_large, fmt::format("a collection has {} tenants at most", kMaxTenants)
        };
    }
    TRY_ASSIGN(CollectionNumber number, parts_.take_numbers(absent.size()));
    const CollectionNumber own = parts_.base->current()->schema->number;
    for (const Tenant& tenant : absent)
        changes.put(
            Space::catalog, tenant_key(own, tenant.name), encode_tenant(number++, tenant.active)
        );
    number -= static_cast<CollectionNumber>(absent.size());
    TRY(parts_.store.commit(changes, Durability::synced));
    for (const Tenant& tenant : absent)
        tenants_[tenant.name] = Entry{number++, tenant.active, {}};
    return Ok{};
}

Status TenantCollection::put_tenants(const Principal& who, std::span<const Tenant> tenants) {
    TRY(access::require(who, Role::user));
    for (const Tenant& tenant : tenants)
        TRY(validate_tenant(tenant.name));
    const std::scoped_lock lock(mutex_);
    const CollectionNumber own = parts_.base->current()->schema->number;
    const auto changes = parts_.store.new_batch();
    std::map<std::string, Tenant> absent;
    std::vector<std::pair<Entry*, bool>> changed;
    for (const Tenant& tenant : tenants) {
        const auto known = tenants_.find(tenant.name);
        if (known == tenants_.end()) {
            absent[tenant.name] = tenant;
        } else if (known->second.active != tenant.active) {
            changes->put(
                Space::catalog,
                tenant_key(own, tenant.name),
                encode_tenant(known->second.number, tenant.active)
            );
            changed.emplace_back(&known->second, tenant.active);
        }
    }
    std::vector<Tenant> made;
    for (auto& [name, tenant] : absent)
        made.push_back(std::move(tenant));
    if (made.empty() && !changed.empty()) TRY(parts_.store.commit(*changes, Durability::synced));
    TRY(make_tenants(made, *changes));
    for (const auto& [entry, active] : changed) {
        entry->active = active;
        if (!active) close(*entry);
    }
    return Ok{};
}

void TenantCollection::close(Entry& entry) {
    const auto objects = entry.objects.lock();
    if (objects == nullptr) return;
    parts_.close(*objects);
    open_.remove(objects);
}

Status TenantCollection::remove_tenants(const Principal& who, std::span<const std::string> names) {
    TRY(access::require(who, Role::user));
    const std::scoped_lock lock(mutex_);
    const CollectionNumber own = parts_.base->current()->schema->number;
    const auto changes = parts_.store.new_batch();
    for (const std::string& name : names) {
        const auto found = tenants_.find(name);
        if (found == tenants_.end()) continue;
        if (const auto objects = found->second.objects.lock()) objects->drop();
        close(found->second);
        const std::string begin = collection_prefix(found->second.number);
        const std::string end = collection_prefix(found->second.number + 1);
        for (const Space space : kObjectSpaces)
            changes->remove_range(space, begin, end);
        changes->remove(Space::catalog, state_key(found->second.number));
        changes->remove(Space::catalog, tenant_key(own, name));
    }
    Status files = Ok{};
    for (const std::string& name : names) {
        const auto found = tenants_.find(name);
        if (found == tenants_.end() || !files) continue;
        files = remove_files(found->second.number);
    }
    TRY(std::move(files));
    TRY(parts_.store.commit(*changes, Durability::synced));
    for (const std::string& name : names)
        tenants_.erase(name);
    return Ok{};
}

// Only a tenant whose index was sealed may have files; they can be made again from the store.
Status TenantCollection::remove_files(CollectionNumber number) {
    TRY_ASSIGN(const auto sealed, parts_.store.snapshot()->get(Space::catalog, state_key(number)));
    return sealed ? parts_.remove_files(number) : Status(Ok{});
}

Status TenantCollection::drop(KeyValueBatch& changes) {
    const std::scoped_lock lock(mutex_);
    std::vector<CollectionNumber> numbers;
    for (auto& [name, entry] : tenants_) {
        if (const auto objects = entry.objects.lock()) objects->drop();
        close(entry);
        TRY(remove_files(entry.number));
        numbers.push_back(entry.number);
        changes.remove(Space::catalog, state_key(entry.number));
    }
    std::ranges::sort(numbers);
    // Tenants that were made together have numbers in a row, and go as one range.
    for (std::size_t first = 0; first < numbers.size();) {
        std::size_t last = first;
        while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1)
            ++last;
        for (const Space space : kObjectSpaces)
            changes.remove_range(
                space, collection_prefix(numbers[first]), collection_prefix(numbers[last] + 1)
            );
        first = last + 1;
    }
    const CollectionNumber own = parts_.base->current()->schema->number;
    changes.remove_range(Space::catalog, tenants_key(own), end_of_tenants(own));
    tenants_.clear();
    parts_.base->drop();
    return Ok{};
}

Result<std::shared_ptr<StoredCollection>> TenantCollection::objects_of_locked(
    const std::string& name, Entry& entry
) {
    auto objects = entry.objects.lock();
    if (objects != nullptr) {
        const auto place = std::ranges::find(open_, objects);
        if (place != open_.end()) {
            open_.splice(open_.begin(), open_, place);
            return objects;
        }
    }
    if (objects == nullptr) {
        StoredSchema schema = *parts_.base->current()->schema;
        schema.number = entry.number;
        TRY_ASSIGN(objects, parts_.open(schema, name));
        entry.objects = objects;
        entry.count.reset();
    }
    open_.push_front(objects);
    if (open_.size() > kOpenTenants) {
        parts_.close(*open_.back());
        open_.pop_back();
    }
    return objects;
}

Result<std::shared_ptr<StoredCollection>> TenantCollection::objects_of(std::string_view name) {
    const std::scoped_lock lock(mutex_);
    const auto found = tenants_.find(name);
    if (found == tenants_.end() || !found->second.active) {
        return Error{ErrorCode::not_found, fmt::format("there is no active tenant '{}'", name)};
    }
    return objects_of_locked(found->first, found->second);
}

Result<std::shared_ptr<Collection>> TenantCollection::tenant(
    const Principal& who, std::string_view name, bool for_write
) {
    TRY(access::require(who, Role::user));
    const Schema now = schema();
    const std::string wanted(name);
    bool exists = false;
    bool active = false;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = tenants_.find(name);
        exists = found != tenants_.end();
        active = exists && found->second.active;
    }
    if (!exists && !(for_write && now.tenancy.create_on_write)) {
        return Error{
            ErrorCode::not_found, fmt::format("collection '{}' has no tenant '{}'", now.name, name)
        };
    }
    if (exists && !active && !now.tenancy.activate_on_use) {
        return Error{
            ErrorCode::conflict, fmt::format("tenant '{}' is cold: make it active first", name)
        };
    }
    if (!active) {
        const std::array made{Tenant{wanted, true}};
        TRY(put_tenants(who, made));
    }
    TRY_ASSIGN(auto objects, objects_of(name));
    return std::shared_ptr<Collection>(
        std::make_shared<TenantView>(shared_from_this(), std::move(objects))
    );
}

}  // namespace moat::collections
