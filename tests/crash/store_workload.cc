#include "store_workload.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "access/policy.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();
constexpr std::size_t kDimensions = 24;
constexpr std::size_t kKeys = 600;

constexpr UpkeepOptions kEager{
    .seal_rows = 120, .seal_removals = 500, .graph_rows = 150, .checkpoint_rows = 60
};

}  // namespace

Result<std::unique_ptr<Database>> open_workload(
    const std::filesystem::path& folder, const adapters::rocksdb_store::Options& options
) {
    TRY_ASSIGN(auto store, adapters::rocksdb_store::open_store(folder / "store", options));
    DatabaseParts parts;
    parts.store = std::move(store);
    parts.upkeep = kEager;
    return open_database(folder, std::move(parts));
}

Result<std::shared_ptr<Collection>> open_collection(Database& database) {
    auto collection = database.open(kWho, "Crash");
    if (collection || collection.error().code != ErrorCode::not_found) return collection;
    return database.create(
        kWho,
        Schema{
            .name = "Crash",
            .properties =
                {{.name = "text"},
                 {.name = "batch", .type = DataType::integer},
                 {.name = "tag", .tokenization = Tokenization::field, .searchable = false}},
            .distance = Distance::l2_squared,
            .dimensions = kDimensions,
        }
    );
}

WriteBatch batch_of(std::uint64_t number) {
    std::mt19937_64 random(number * 7919 + 1);
    std::normal_distribution<float> normal;
    WriteBatch batch;
    const std::size_t puts = 1 + random() % 25;
    for (std::size_t i = 0; i < puts; ++i) {
        Object object;
        object.id = uuid_of(std::to_string(random() % kKeys));
        object.properties["text"] = fmt::format("unique{}x{} shared{}", number, i, number % 10);
        object.properties["batch"] = static_cast<std::int64_t>(number);
        object.properties["tag"] = fmt::format("tag{}", number);
        object.vector.resize(kDimensions);
        for (float& x : object.vector)
            x = normal(random);
        batch.puts.push_back(std::move(object));
    }
    for (std::size_t i = random() % 8; i > 0; --i) {
        batch.removes.push_back(uuid_of(std::to_string(random() % kKeys)));
    }
    return batch;
}

Status write_batch(Collection& collection, std::uint64_t number) {
    return collection.write(kWho, batch_of(number));
}

namespace {

std::string tenant_name(std::uint64_t number) {
    return fmt::format("tenant{}", number);
}
Object tenant_object(std::uint64_t number) {
    Object object;
    object.id = uuid_of(tenant_name(number));
    object.properties["text"] = fmt::format("only{}", number);
    return object;
}

Result<std::shared_ptr<Collection>> open_tenants(Database& database) {
    auto collection = database.open(kWho, "Tenants");
    if (collection || collection.error().code != ErrorCode::not_found) return collection;
    return database.create(
        kWho, {.name = "Tenants", .properties = {{.name = "text"}}, .tenancy = {.enabled = true}}
    );
}

Status make_tenant(Collection& tenants, std::uint64_t number) {
    const std::vector<Tenant> wanted{{tenant_name(number)}};
    TRY(tenants.put_tenants(kWho, wanted));
    TRY_ASSIGN(const auto tenant, tenants.tenant(kWho, tenant_name(number), true));
    return tenant->write(kWho, {.puts = {tenant_object(number)}});
}

// One word in a text is the same term to both.
Status index_otherwise(Collection& collection, std::uint64_t number) {
    Property tag{.name = "tag", .searchable = false};
    tag.tokenization = number % 2 == 0 ? Tokenization::field : Tokenization::whitespace;
    Status changed = collection.change_property(kWho, tag);
    // The change before is still under way.
    if (!changed && changed.error().code == ErrorCode::conflict) return Ok{};
    return changed;
}

}  // namespace

int keep_changing(
    Database& database,
    const std::filesystem::path& folder,
    std::uint64_t next,
    const std::function<void(std::uint64_t tenant)>& made
) {
    const std::filesystem::path backups = folder / "backups";
    std::filesystem::remove_all(backups);
    std::filesystem::create_directories(backups);
    const auto collection = open_collection(database);
    const auto tenants = open_tenants(database);
    if (!collection || !tenants) return 6;
    for (;; ++next) {
        if (!make_tenant(**tenants, next)) return 7;
        made(next);
        if (!index_otherwise(**collection, next)) return 8;
        if (next % 5 != 0) continue;
        const auto backup = backups / std::to_string(next);
        if (!database.back_up(kWho, {.folder = backup}, {})) return 9;
        std::filesystem::remove_all(backup);
    }
}

void check_tenants(const std::filesystem::path& folder, std::uint64_t end) {
    auto database = open_workload(folder);
    ASSERT_TRUE(database) << database.error().message;
    const auto tenants = open_tenants(**database);
    ASSERT_TRUE(tenants) << tenants.error().message;
    const auto all = (*tenants)->tenants(kWho);
    ASSERT_TRUE(all);
    EXPECT_GE(all->size(), end);
    EXPECT_LE(all->size(), end + 1);
    for (std::uint64_t i = 0; i < end; ++i) {
        const auto tenant = (*tenants)->tenant(kWho, tenant_name(i), false);
        ASSERT_TRUE(tenant) << i;
        EXPECT_EQ((*tenant)->count(kWho, {}).value(), 1U);
        const auto found = (*tenant)->search(kWho, {.query = fmt::format("only{}", i)});
        ASSERT_TRUE(found && found->hits.size() == 1) << i;
        EXPECT_EQ(found->hits[0].object.id, tenant_object(i).id);
    }
}

std::uint64_t crash_seed() {
    const char* setting = std::getenv("MOAT_CRASH_SEED");
    return setting != nullptr ? std::strtoull(setting, nullptr, 10) : 20261121;
}

void StoreOracle::apply(std::uint64_t number) {
    const WriteBatch batch = batch_of(number);
    for (const Uuid& id : batch.removes)
        model_.erase(id);
    for (const Object& object : batch.puts)
        model_[object.id] = object;
}

bool StoreOracle::equals(const std::vector<Object>& stored) const {
    return std::ranges::equal(model_, stored, [](const auto& expected, const Object& found) {
        return expected.first == found.id && expected.second.properties == found.properties &&
               expected.second.vector == found.vector;
    });
}

void StoreOracle::check_searches(const Collection& collection) {
    ASSERT_EQ(*collection.count(kWho, {}), model_.size());
    std::map<std::int64_t, std::uint64_t> per_batch;
    for (const auto& [id, object] : model_)
        ++per_batch[object.properties.at("batch").as_int64()];
    std::vector<const Object*> sample;
    for (const auto& [id, object] : model_) {
        if (random_() % 10 == 0) sample.push_back(&object);
    }
    for (const Object* object : sample) {
        const std::string text = json::string_or(object->properties, "text");
        const auto words =
            collection.search(kWho, {.query = text.substr(0, text.find(' ')), .limit = 3})->hits;
        ASSERT_EQ(words.size(), 1U) << text;
        EXPECT_EQ(words[0].object.id, object->id);

        const auto near = collection.search(kWho, {.vector = object->vector, .limit = 1})->hits;
        ASSERT_EQ(near.size(), 1U);
        EXPECT_EQ(near[0].object.id, object->id);
        EXPECT_NEAR(*near[0].distance, 0, 1e-5);

        const auto number = object->properties.at("batch").as_int64();
        const Filter by_number{FilterOperator::equal, "batch", number, {}};
        const Filter by_tag{
            FilterOperator::equal, "tag", json::String(fmt::format("tag{}", number)), {}
        };
        EXPECT_EQ(*collection.count(kWho, by_number), per_batch[number]);
        EXPECT_EQ(*collection.count(kWho, by_tag), per_batch[number]);
    }
}

void StoreOracle::check(const std::filesystem::path& folder, std::uint64_t acknowledged_end) {
    for (; next_ < acknowledged_end; ++next_)
        apply(next_);
    auto database = open_workload(folder);
    ASSERT_TRUE(database) << database.error().message;
    auto collection = open_collection(**database);
    ASSERT_TRUE(collection) << collection.error().message;
    const auto stored = (*collection)->list(kWho, {.limit = 10'000, .with_vector = true});
    ASSERT_TRUE(stored) << stored.error().message;
    if (!equals(*stored)) {
        // Then the one batch that was being written is there as well, whole.
        apply(next_++);
        ASSERT_TRUE(equals(*stored)) << "after batch " << next_ - 1;
    }
    check_searches(**collection);
}

}  // namespace moat::collections
